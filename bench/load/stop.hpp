// Ctrl-C: a flag that every loop looks at.
#pragma once

namespace load {

/// From here on SIGINT and SIGTERM only raise the flag; a second one ends the program at once.
void catch_signals();

/// Whether one has come.
bool stopped();

}  // namespace load
