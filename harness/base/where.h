// The place in the source of whoever calls: std::source_location, which clang 14 does not have.
#pragma once

namespace plumb {

class Where {
 public:
  // As a default argument: the place of the call.
  static constexpr Where current(const char* file = __builtin_FILE(), int line = __builtin_LINE()) { return Where(file, line); }
  constexpr const char* file_name() const { return file_; }
  constexpr int line() const { return line_; }

 private:
  constexpr Where(const char* file, int line) : file_(file), line_(line) {}
  const char* file_;
  int line_;
};

}  // namespace plumb
