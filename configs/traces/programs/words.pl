# SPDX-License-Identifier: Apache-2.0
# An index of 6,000 words, and questions to it: hashes, arrays and strings, as in many a script.
use strict;
use warnings;

my $random = 1;
my (@words, %index);
for my $i (1 .. 6000) {
    my $word = 'w' . $i * 7919 % 100003;
    push @words, $word;
    $index{$word} = {number => $i, count => 0, near => [], text => "$word " . ' ' x 500};
}
for (1 .. 20000) {
    $random = ($random * 1103515245 + 12345) % 2147483648;
    my ($from, $to) = ($words[$random / 65536 % 6000], $words[$random / 16 % 6000]);
    my $entry = $index{$from};
    $entry->{count}++;
    push @{$entry->{near}}, $index{$to}{number} if substr($index{$to}{text}, 0, 3) gt 'w4';
}
my $most = 0;
for my $word (sort keys %index) {
    $most = $index{$word}{count} if $index{$word}{count} > $most;
}
print "$most\n";
