// The sources of the admin listener's pages, inside the program.
#pragma once
#include <stddef.h>

/// The text of one file; it stays where it is for the life of the process.
typedef struct {
    const unsigned char *_Nonnull bytes;
    size_t count;
} cadminpages_text;

cadminpages_text cadminpages_console_html(void);
cadminpages_text cadminpages_try_html(void);
cadminpages_text cadminpages_style_css(void);
cadminpages_text cadminpages_common_js(void);
cadminpages_text cadminpages_metrics_js(void);
cadminpages_text cadminpages_console_js(void);
cadminpages_text cadminpages_try_js(void);
cadminpages_text cadminpages_resampler_js(void);
