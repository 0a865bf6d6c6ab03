// One line a message on stderr: time, level, component, text. Thread-safe. Never log a secret: tokens, keys and Secret data
// stay out of messages; log the name of what holds them.
#pragma once

#include <string_view>

namespace plumb::log {

enum class Level { debug, info, warning, error, off };

void set_level(Level level);  // default: info
bool enabled(Level level);
void write(Level level, std::string_view component, std::string_view message);

inline void debug(std::string_view component, std::string_view message) { write(Level::debug, component, message); }
inline void info(std::string_view component, std::string_view message) { write(Level::info, component, message); }
inline void warning(std::string_view component, std::string_view message) { write(Level::warning, component, message); }
inline void error(std::string_view component, std::string_view message) { write(Level::error, component, message); }

}  // namespace plumb::log
