# SPDX-License-Identifier: Apache-2.0
# An index of 30,000 words, and questions to it: hashes, arrays, strings and sorting, as in many a script.
use strict;
use warnings;

my $random = 1;

sub number {
    $random = ($random * 1103515245 + 12345) % 2147483648;
    return int($random / 65536) % $_[0];
}

my @syllables = qw(ba ke lo mi nu ra se ti vo zu);
my (@words, %index);
for my $i (1 .. 30000) {
    my $word = join '', map { $syllables[$_] } split //, $i * 7919 % 100003;
    push @words, $word;
    $index{$word} = {number => $i, count => 0, near => []};
}
for (1 .. 20000) {
    my ($from, $to) = ($words[number(30000)], $words[number(30000)]);
    $index{$from}{count}++;
    push @{$index{$from}{near}}, $index{$to}{number} if length $to > 4;
}
my @frequent = sort { $index{$b}{count} <=> $index{$a}{count} || $a cmp $b } @words;
print "$frequent[0] $index{$frequent[0]}{count}\n";
