#include "api/cli/output.h"

struct range {
    uint32_t first;
    uint32_t last;
};

/* East Asian Wide and Fullwidth, coarsely: what terminals draw two columns wide. */
static const struct range wide[] = {
    {0x1100, 0x115f}, {0x2e80, 0x303e}, {0x3041, 0x33ff},   {0x3400, 0x4dbf},   {0x4e00, 0x9fff},
    {0xa000, 0xa4cf}, {0xa960, 0xa97f}, {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},
    {0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1f64f}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};
/* Marks that sit on the letter before. */
static const struct range empty[] = {{0x0300, 0x036f}, {0x200b, 0x200f}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}};

static bool is_in(const struct range *ranges, size_t count, uint32_t c)
{
    for (size_t i = 0; i < count; i++) {
        if (c >= ranges[i].first && c <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

static uint32_t next_char(struct hk_str text, size_t *at)
{
    unsigned char lead = (unsigned char)text.data[(*at)++];
    size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
    static const unsigned char masks[] = {0x7f, 0x1f, 0x0f, 0x07};
    uint32_t c = (uint32_t)(lead & masks[more]);
    while (more-- > 0 && *at < text.len && ((unsigned char)text.data[*at] & 0xc0) == 0x80) {
        c = c << 6 | ((unsigned char)text.data[(*at)++] & 0x3f);
    }
    return c;
}

size_t hk_text_width(struct hk_str text)
{
    size_t width = 0;
    for (size_t at = 0; at < text.len;) {
        uint32_t c = next_char(text, &at);
        if (is_in(wide, sizeof wide / sizeof *wide, c)) {
            width += 2;
        } else if (!is_in(empty, sizeof empty / sizeof *empty, c)) {
            width += 1;
        }
    }
    return width;
}
