// Recorded speech inside the program: a WAV file, 16 kHz, mono, signed 16-bit.
#pragma once
#include <stddef.h>

/// The first byte of the file; it stays where it is for the life of the process.
const unsigned char *_Nonnull cdemoaudio_speech(void);
/// How many bytes the file has.
size_t cdemoaudio_speech_count(void);
