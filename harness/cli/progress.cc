#include "harness/cli/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace plumb::cli {
namespace {

std::size_t terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col : 80;
}

}  // namespace

Progress::Progress() : terminal_(isatty(STDERR_FILENO) == 1), colours_(terminal_ && std::getenv("NO_COLOR") == nullptr) {}

Progress::~Progress() {
  std::lock_guard lock(mutex_);
  clear();
}

void Progress::clear() {
  if (terminal_ && !status_.empty()) std::fputs("\r\x1b[K", stderr);
}

void Progress::line(std::string_view text) {
  std::lock_guard lock(mutex_);
  clear();
  std::fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
  if (terminal_) std::fputs(status_.c_str(), stderr);
}

void Progress::status(std::string_view text) {
  if (!terminal_) return;
  std::lock_guard lock(mutex_);
  clear();
  status_ = text.substr(0, terminal_width() - 1);
  std::fputs(status_.c_str(), stderr);
  std::fflush(stderr);
}

std::string Progress::paint(Colour colour, std::string_view text) const {
  if (!colours_ || colour == Colour::none) return std::string(text);
  const char* code = colour == Colour::green ? "32" : colour == Colour::red ? "31" : colour == Colour::yellow ? "33" : "90";
  return std::string("\x1b[") + code + "m" + std::string(text) + "\x1b[0m";
}

}  // namespace plumb::cli
