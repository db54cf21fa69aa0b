// OpenSSL's macros as functions: Swift's importer sees functions only.
#pragma once
#include <openssl/err.h>
#include <openssl/ssl.h>
