// SPDX-License-Identifier: Apache-2.0
// A cover as an assertion that fails when it is reached: what the model checker can look for.
module \$cover (
    input A,
    input EN
);
  (* covered *)
  \$assert _TECHMAP_REPLACE_ (
      .A (~A),
      .EN(EN)
  );
endmodule
