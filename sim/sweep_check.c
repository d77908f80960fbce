/* SPDX-License-Identifier: Apache-2.0 */
#include "sweep_check.h"

#include <stdlib.h>
#include <string.h>

#include "image.h"
#include "trace.h"

void hearing_begin(struct hearing *hearing)
{
    *hearing = (struct hearing){.before = stderr};
    stderr = open_memstream(&hearing->text, &hearing->size);
    if (stderr == NULL)
        stderr = hearing->before;
}

char *hearing_end(struct hearing *hearing, const char *otherwise)
{
    if (stderr != hearing->before)
        fclose(stderr);
    stderr = hearing->before;
    if (hearing->text != NULL)
        hearing->text[strcspn(hearing->text, "\n")] = '\0';
    if (hearing->text != NULL && hearing->text[0] != '\0')
        return hearing->text;
    free(hearing->text);
    return strdup(otherwise);
}

/* What was heard becomes a message about the node, unless nothing failed; without `prefix`, which the node
 * says. */
static int pass_on(struct hearing *hearing, bool failed, struct yaml_tree *tree, const yaml_node_t *node,
                   const char *what, const char *prefix)
{
    char *said = hearing_end(hearing, "cannot be used");
    const char *text = said != NULL ? said : "out of memory";

    if (strncmp(text, prefix, strlen(prefix)) == 0)
        text += strlen(prefix);
    if (failed)
        yaml_tree_complain(tree, node, 0, "%s%s", what, text);
    free(said);
    return failed ? -1 : 0;
}

int sweep_check_setting(struct yaml_tree *tree, const yaml_node_t *node, const char *setting,
                        char value[CONFIG_VALUE_BYTES])
{
    struct hearing hearing;
    char *prefix;
    bool failed;

    if (asprintf(&prefix, "-s %s: ", setting) < 0)
        return yaml_tree_complain(tree, node, 0, "out of memory");
    hearing_begin(&hearing);
    failed = config_check_setting(setting, value) != 0;
    failed = pass_on(&hearing, failed, tree, node, "", prefix) != 0;
    free(prefix);
    return failed ? -1 : 0;
}

int sweep_check_config(struct yaml_tree *tree, const yaml_node_t *node, const char *name,
                       struct input_stamps *inputs)
{
    struct hearing hearing;
    struct config config;
    char *path;
    bool failed;

    hearing_begin(&hearing);
    path = config_find(name);
    /* A file that is not there is config_load's to tell. */
    if (path != NULL)
        input_stamps_add(inputs, path);
    failed = path == NULL || config_load(&config, path, NULL, 0) != 0;
    free(path);
    if (!failed)
        config_close(&config);
    return pass_on(&hearing, failed, tree, node, "", "");
}

int sweep_check_trace(struct yaml_tree *tree, const yaml_node_t *node, const char *path)
{
    struct trace_access *block = malloc(TRACE_BLOCK * sizeof(*block));
    struct trace_reader *reader;
    struct hearing hearing;
    bool failed;

    if (block == NULL)
        return yaml_tree_complain(tree, node, 0, "out of memory");
    hearing_begin(&hearing);
    reader = trace_reader_open(path);
    failed = reader == NULL || trace_reader_read(reader, block, TRACE_BLOCK) < 0;
    trace_reader_close(reader);
    free(block);
    return pass_on(&hearing, failed, tree, node, "trace: ", "");
}

int sweep_check_image(struct yaml_tree *tree, const yaml_node_t *node, const char *path)
{
    struct phys_mem *phys = phys_mem_create();
    struct image *image;
    struct hearing hearing;

    if (phys == NULL)
        return yaml_tree_complain(tree, node, 0, "out of memory");
    hearing_begin(&hearing);
    image = image_open(path, phys);
    phys_mem_destroy(phys);
    image_close(image);
    return pass_on(&hearing, image == NULL, tree, node, "image: ", "");
}
