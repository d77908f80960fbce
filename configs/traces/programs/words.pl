# SPDX-License-Identifier: Apache-2.0
# Counts words, sorts them and looks for anagrams: what scripts do all day.
use strict;
use warnings;

my (%count, %anagrams);
my $random = 1;
for my $line (1 .. 4000) {
    my @words;
    for (1 .. 10) {
        $random = ($random * 1103515245 + 12345) % 2147483648;
        my $number = int($random / 65536) % 199999;
        my $word = join '', map { chr(97 + ($number * $_) % 26) } 1 .. 3 + $number % 6;
        push @words, $word;
    }
    for my $word (split / /, join ' ', @words) {
        $count{$word}++;
        $anagrams{join '', sort split //, $word}{$word} = 1;
    }
}
my @frequent = sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count;
my @groups = grep { keys %$_ > 1 } values %anagrams;
print "$frequent[0] $count{$frequent[0]} ", scalar(@groups), "\n";
