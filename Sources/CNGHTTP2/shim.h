// nghttp2 as it is: functions only, which Swift's importer sees without help.
#pragma once
#include <nghttp2/nghttp2.h>
