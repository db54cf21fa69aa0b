#include "CAdminPages.h"

// As in CDemoAudio: nothing else puts a file into the program without a file to be found beside it.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char console_html[] = {
#embed "console.html"
};

static const unsigned char try_html[] = {
#embed "try.html"
};

static const unsigned char style_css[] = {
#embed "style.css"
};

static const unsigned char common_js[] = {
#embed "common.js"
};

static const unsigned char metrics_js[] = {
#embed "metrics.js"
};

static const unsigned char console_js[] = {
#embed "console.js"
};

static const unsigned char try_js[] = {
#embed "try.js"
};

static const unsigned char resampler_js[] = {
#embed "resampler.js"
};

cadminpages_text cadminpages_console_html(void) { return (cadminpages_text){console_html, sizeof console_html}; }
cadminpages_text cadminpages_try_html(void) { return (cadminpages_text){try_html, sizeof try_html}; }
cadminpages_text cadminpages_style_css(void) { return (cadminpages_text){style_css, sizeof style_css}; }
cadminpages_text cadminpages_common_js(void) { return (cadminpages_text){common_js, sizeof common_js}; }
cadminpages_text cadminpages_metrics_js(void) { return (cadminpages_text){metrics_js, sizeof metrics_js}; }
cadminpages_text cadminpages_console_js(void) { return (cadminpages_text){console_js, sizeof console_js}; }
cadminpages_text cadminpages_try_js(void) { return (cadminpages_text){try_js, sizeof try_js}; }
cadminpages_text cadminpages_resampler_js(void) { return (cadminpages_text){resampler_js, sizeof resampler_js}; }
