/* SPDX-License-Identifier: Apache-2.0 */
/* The product of two 600 x 600 matrices as it stands in the book: the second is read down its columns. */
#include <stdio.h>
#include <stdlib.h>

enum { N = 600 };

int main(void)
{
    double(*a)[N] = malloc(sizeof(double[N][N])), (*b)[N] = malloc(sizeof(double[N][N])),
    (*c)[N] = malloc(sizeof(double[N][N]));
    if (!a || !b || !c)
        return 1;
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            a[i][j] = i - j;
            b[i][j] = i * j % 7;
        }
    }
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            double sum = 0;
            for (int k = 0; k < N; k++)
                sum += a[i][k] * b[k][j];
            c[i][j] = sum;
        }
    }
    printf("%g\n", c[N / 2][N / 3]);
    return 0;
}
