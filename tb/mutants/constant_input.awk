# SPDX-License-Identifier: Apache-2.0
# From an ASCII AIGER file to the logic between its registers, as BLIF: inputs
# and registers are inputs, outputs and what the registers become are outputs,
# and the input vector `name` has the constant value `number`.
function literal(l,    variable) {
    variable = int(l / 2)
    if (variable == 0) return l ? "one" : "zero"
    if (l % 2 == 0) return "n" variable
    if (!(variable in inverted)) {
        inverted[variable] = 1
        gates[++count] = ".names n" variable " m" variable "\n0 1"
    }
    return "m" variable
}
FNR == 1 { inputs = $3; registers = $4; outputs = $5; ands = $6; next }
FNR <= 1 + inputs { input[FNR - 2] = int($1 / 2); next }
FNR <= 1 + inputs + registers { register[FNR - 2 - inputs] = int($1 / 2); becomes[FNR - 2 - inputs] = $2; next }
FNR <= 1 + inputs + registers + outputs { output[FNR - 2 - inputs - registers] = $1; next }
FNR <= 1 + inputs + registers + outputs + ands {
    gates[++count] = ".names " literal($2) " " literal($3) " n" int($1 / 2) "\n11 1"
    next
}
/^c/ { exit }
/^i[0-9]+ / && index($2, name "[") == 1 {
    bit = substr($2, length(name) + 2) + 0
    constant[substr($1, 2) + 0] = int(number / 2 ^ bit) % 2
}
END {
    printf ".model logic\n.inputs"
    for (i = 0; i < inputs; i++) if (!(i in constant)) printf " n%d", input[i]
    for (i = 0; i < registers; i++) printf " n%d", register[i]
    printf "\n.outputs"
    for (i = 0; i < registers; i++) printf " d%d", i
    for (i = 0; i < outputs; i++) printf " o%d", i
    print "\n.names zero\n.names one\n1"
    for (i in constant) print ".names n" input[i] (constant[i] ? "\n1" : "")
    for (i = 0; i < registers; i++) gates[++count] = ".names " literal(becomes[i]) " d" i "\n1 1"
    for (i = 0; i < outputs; i++) gates[++count] = ".names " literal(output[i]) " o" i "\n1 1"
    for (i = 1; i <= count; i++) print gates[i]
    print ".end"
}
