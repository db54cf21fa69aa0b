// libcurl's variadic functions as ordinary ones: Swift's importer sees those only. One for each kind of value.
#pragma once
#include <curl/curl.h>

static inline CURLcode shim_setopt_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}
// Strings are copied by libcurl; NULL takes an option back.
static inline CURLcode shim_setopt_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}
// A list is borrowed until the request is over.
static inline CURLcode shim_setopt_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode shim_setopt_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}
// Bytes that are copied, as many as CURLOPT_POSTFIELDSIZE said before.
static inline CURLcode shim_setopt_bytes(CURL *handle, CURLoption option, const void *value) {
    return curl_easy_setopt(handle, option, value);
}
// The signature that CURLOPT_WRITEFUNCTION and CURLOPT_HEADERFUNCTION share.
static inline CURLcode shim_setopt_receiver(
    CURL *handle, CURLoption option, size_t (*receive)(char *bytes, size_t size, size_t count, void *context)) {
    return curl_easy_setopt(handle, option, receive);
}

static inline CURLcode shim_getinfo_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}
static inline CURLcode shim_getinfo_microseconds(CURL *handle, CURLINFO info, curl_off_t *value) {
    return curl_easy_getinfo(handle, info, value);
}
static inline CURLcode shim_getinfo_text(CURL *handle, CURLINFO info, char **value) {
    return curl_easy_getinfo(handle, info, value);
}
