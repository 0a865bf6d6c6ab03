// What a person sees while something runs: one status line that is rewritten in place, and lasting lines above it. On anything but a terminal
// only the lasting lines appear, without colours. Safe from any thread.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

namespace plumb::cli {

enum class Colour { none, green, red, yellow, grey };

class Progress {
 public:
  // Writes to stderr, so that stdout stays for results.
  Progress();
  ~Progress();  // clears the status line

  void line(std::string_view text);
  void status(std::string_view text);
  std::string paint(Colour colour, std::string_view text) const;

 private:
  void clear();
  const bool terminal_;
  const bool colours_;
  std::mutex mutex_;
  std::string status_;
};

}  // namespace plumb::cli
