#include "CDemoAudio.h"

// #embed is C23, which clang takes in any mode. Nothing else puts a file into the program without minutes of type checking
// (SwiftPM's embedding makes it an array literal) or a file to be found beside the program (its bundles).
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char speech[] = {
#embed "speech.wav"
};

const unsigned char *cdemoaudio_speech(void) { return speech; }

size_t cdemoaudio_speech_count(void) { return sizeof speech; }
