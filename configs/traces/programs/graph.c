/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Breadth-first search over a graph of 2^21 vertices whose degrees follow a power
 * law (R-MAT: a = 0.57, b = c = 0.19), 4 edges a vertex, in compressed rows.
 *
 *   graph make FILE    writes the graph
 *   graph walk FILE    maps the file and searches from vertex after vertex
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SCALE = 21, VERTICES = 1 << SCALE, EDGES = VERTICES * 4, SEARCHES = 4 };

struct graph {
    uint32_t first[VERTICES + 1]; /* edges of vertex v: first[v] up to first[v + 1] */
    uint32_t to[EDGES];
};

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

static void one_edge(uint64_t *random, uint32_t *from, uint32_t *to)
{
    *from = *to = 0;
    for (unsigned bit = 0; bit < SCALE; bit++) {
        unsigned percent = (unsigned)(next_random(random) % 100);
        *from = *from << 1 | (percent >= 76);
        *to = *to << 1 | ((percent >= 57 && percent < 76) || percent >= 95);
    }
}

static int make(const char *path)
{
    struct graph *graph = calloc(1, sizeof(*graph));
    uint32_t *edges = malloc(sizeof(*edges) * 2 * EDGES), *next = calloc(VERTICES, sizeof(*next));
    FILE *file = fopen(path, "wb");
    uint64_t random = 1;
    if (!graph || !edges || !next || !file)
        return 1;
    for (uint32_t i = 0; i < EDGES; i++) {
        one_edge(&random, &edges[2 * i], &edges[2 * i + 1]);
        graph->first[edges[2 * i] + 1]++;
    }
    for (uint32_t v = 0; v < VERTICES; v++) {
        graph->first[v + 1] += graph->first[v];
        next[v] = graph->first[v];
    }
    for (uint32_t i = 0; i < EDGES; i++)
        graph->to[next[edges[2 * i]]++] = edges[2 * i + 1];
    size_t written = fwrite(graph, sizeof(*graph), 1, file);
    return fclose(file) != 0 || written != 1;
}

static uint32_t search(const struct graph *graph, uint32_t root, uint32_t *parent, uint32_t *queue)
{
    uint32_t head = 0, tail = 0;
    memset(parent, 0xff, VERTICES * sizeof(*parent));
    parent[root] = root;
    queue[tail++] = root;
    while (head < tail) {
        uint32_t v = queue[head++];
        for (uint32_t e = graph->first[v]; e < graph->first[v + 1]; e++) {
            uint32_t to = graph->to[e];
            if (parent[to] == UINT32_MAX) {
                parent[to] = v;
                queue[tail++] = to;
            }
        }
    }
    return tail;
}

static int walk(const char *path)
{
    int file = open(path, O_RDONLY);
    const struct graph *graph = mmap(NULL, sizeof(*graph), PROT_READ, MAP_PRIVATE, file, 0);
    uint32_t *parent = malloc(VERTICES * sizeof(*parent)), *queue = malloc(VERTICES * sizeof(*queue));
    if (graph == MAP_FAILED || !parent || !queue)
        return 1;
    for (uint32_t root = 0; root < SEARCHES; root++)
        printf("%u vertices from %u\n", search(graph, root, parent, queue), root);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "make") == 0)
        return make(argv[2]);
    if (argc == 3 && strcmp(argv[1], "walk") == 0)
        return walk(argv[2]);
    return 2;
}
