// hiredis, of which only the reader of replies is used: sockets, TLS and time are Transport's and the loop's.
#pragma once
#include <hiredis/hiredis.h>
