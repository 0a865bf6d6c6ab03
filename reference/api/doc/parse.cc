#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <new>

#include "reference/api/doc/node.h"

namespace plumb::api {
namespace {

// Values wait here, side by side, until the container that holds them is complete.
class Stack {
 public:
  Stack() = default;
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;
  ~Stack() {
    for (std::size_t i = 0; i < size_; ++i) values_[i].~Doc();
    std::free(values_);
  }
  void push(Doc value) {
    if (size_ == capacity_) grow();
    new (values_ + size_++) Doc(std::move(value));
  }
  std::size_t size() const { return size_; }
  const Doc& at(std::size_t index) const { return values_[index]; }
  Doc pop() {
    --size_;
    return std::move(values_[size_]);
  }
  // The values from `start` on, which the caller now owns as raw memory.
  Doc* take_from(std::size_t start) {
    size_ = start;
    return values_ + start;
  }

 private:
  void grow() {
    const std::size_t wanted = capacity_ ? capacity_ * 2 : 64;
    void* memory = std::realloc(static_cast<void*>(values_), wanted * sizeof(Doc));
    if (!memory) throw std::bad_alloc();
    values_ = static_cast<Doc*>(memory);
    capacity_ = wanted;
  }
  Doc* values_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0;
};

constexpr std::uint64_t ones = 0x0101010101010101u;
constexpr std::uint64_t highs = 0x8080808080808080u;

constexpr std::uint64_t zero_bytes(std::uint64_t word) { return (word - ones) & ~word & highs; }

// Non-zero when one of the eight bytes needs a closer look inside a string: quote, backslash, control, beyond ASCII.
inline std::uint64_t special_bytes(const char* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return zero_bytes(word ^ (ones * '"')) | zero_bytes(word ^ (ones * '\\')) | ((word - ones * 0x20) & ~word & highs) | (word & highs);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr std::string_view replacement = "\xEF\xBF\xBD";

void append_utf8(std::string& out, std::uint32_t rune) {
  if (rune < 0x80) {
    out += static_cast<char>(rune);
  } else if (rune < 0x800) {
    out += static_cast<char>(0xC0 | rune >> 6);
    out += static_cast<char>(0x80 | (rune & 0x3F));
  } else if (rune < 0x10000) {
    out += static_cast<char>(0xE0 | rune >> 12);
    out += static_cast<char>(0x80 | (rune >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (rune & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | rune >> 18);
    out += static_cast<char>(0x80 | (rune >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (rune >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (rune & 0x3F));
  }
}

// Length of the well-formed UTF-8 sequence at `at`, 0 when it is malformed.
std::size_t utf8_length(const char* at, const char* end) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(at[i]); };
  const auto left = static_cast<std::size_t>(end - at);
  const auto continues = [&](std::size_t count) {
    if (left <= count) return false;
    for (std::size_t i = 1; i <= count; ++i)
      if ((byte(i) & 0xC0) != 0x80) return false;
    return true;
  };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (!continues(2)) return 0;
    if (first == 0xE0 && byte(1) < 0xA0) return 0;
    if (first == 0xED && byte(1) > 0x9F) return 0;
    return 3;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!continues(3)) return 0;
    if (first == 0xF0 && byte(1) < 0x90) return 0;
    if (first == 0xF4 && byte(1) > 0x8F) return 0;
    return 4;
  }
  return 0;
}

std::string quoted_char(char c) {
  if (c == '\'') return R"('\'')";
  if (c == '"') return "'\"'";
  if (c >= 0x20 && c < 0x7F) return std::string{'\'', c, '\''};
  if (c == '\n') return R"('\n')";
  if (c == '\t') return R"('\t')";
  if (c == '\r') return R"('\r')";
  constexpr std::string_view digits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  return std::string("'\\x") + digits[byte >> 4] + digits[byte & 15] + "'";
}

class Parser {
 public:
  Parser(std::string_view text, const ParseOptions& options) : at_(text.data()), end_(text.data() + text.size()), options_(options) {}

  Result<Doc> run() {
    if (!document()) return std::move(error_);
    skip_space();
    if (at_ != end_) {
      unexpected("after top-level value");
      return std::move(error_);
    }
    return values_.pop();
  }

 private:
  struct Frame {
    std::size_t start;
    bool object;
  };

  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }

  bool failed(Code code, std::string message) {
    error_ = fail(code, std::move(message), "BadRequest");
    return false;
  }
  bool ends_early() { return failed(Code::invalid_argument, "unexpected end of JSON input"); }
  bool unexpected(std::string_view where) {
    if (at_ == end_) return ends_early();
    return failed(Code::invalid_argument, "invalid character " + quoted_char(*at_) + " " + std::string(where));
  }

  bool document() {
    for (;;) {
      bool opened = false;
      if (!value(opened)) return false;
      if (opened) continue;
      bool more = false;
      if (!after_value(more)) return false;
      if (!more) return true;
    }
  }

  // One scalar, or the start of a container; `opened` tells that a value inside it must follow.
  bool value(bool& opened) {
    skip_space();
    if (at_ == end_) return ends_early();
    switch (*at_) {
      case '{':
      case '[':
        return open(*at_ == '{', opened);
      case '"':
        return string();
      case 't':
        return literal("true", Doc(true));
      case 'f':
        return literal("false", Doc(false));
      case 'n':
        return literal("null", Doc());
      default:
        if (*at_ == '-' || is_digit(*at_)) return number();
        return unexpected("looking for beginning of value");
    }
  }

  bool open(bool object, bool& opened) {
    if (frames_.size() >= options_.max_depth) return failed(Code::resource_exhausted, "exceeded max depth");
    ++at_;
    frames_.push_back({values_.size(), object});
    skip_space();
    if (at_ != end_ && *at_ == (object ? '}' : ']')) {
      close();
      return true;
    }
    opened = true;
    return !object || key();
  }

  bool key() {
    skip_space();
    if (at_ == end_ || *at_ != '"') return unexpected("looking for beginning of object key string");
    if (!string()) return false;
    skip_space();
    if (at_ == end_ || *at_ != ':') return unexpected("after object key");
    ++at_;
    return true;
  }

  // Behind a value: closes what ends here; `more` tells that another value follows.
  bool after_value(bool& more) {
    while (!frames_.empty()) {
      const bool object = frames_.back().object;
      skip_space();
      if (at_ == end_) return ends_early();
      if (*at_ == ',') {
        ++at_;
        more = true;
        return !object || key();
      }
      if (*at_ != (object ? '}' : ']')) return unexpected(object ? "after object key:value pair" : "after array element");
      close();
    }
    return true;
  }

  void close() {
    ++at_;
    const Frame frame = frames_.back();
    frames_.pop_back();
    const std::size_t count = values_.size() - frame.start;
    const std::string here = options_.duplicates && frame.object ? path(frame.start) : std::string();
    Doc* parts = values_.take_from(frame.start);
    if (frame.object) {
      static_assert(sizeof(Doc::Member) == 2 * sizeof(Doc));
      values_.push(DocBuilder::take_object(reinterpret_cast<Doc::Member*>(parts), count / 2,
                                           [&](std::string_view name) { report(here, name); }));
    } else {
      values_.push(DocBuilder::take_array(parts, count));
    }
  }

  void report(const std::string& here, std::string_view name) {
    if (!options_.duplicates) return;
    std::string path = here.empty() ? std::string(name) : here + "." + std::string(name);
    if (options_.duplicates->empty() || options_.duplicates->back() != path) options_.duplicates->push_back(std::move(path));
  }

  // Path of the container whose values start at `start`, e.g. spec.containers[0].
  std::string path(std::size_t start) const {
    std::string out;
    for (std::size_t i = 0; i < frames_.size(); ++i) {
      const std::size_t next = i + 1 < frames_.size() ? frames_[i + 1].start : start;
      if (frames_[i].object) {
        if (!out.empty()) out += '.';
        out += values_.at(next - 1).as_string();
      } else {
        out += '[' + std::to_string(next - frames_[i].start) + ']';
      }
    }
    return out;
  }

  bool literal(std::string_view word, Doc value) {
    for (const char expected : word) {
      if (at_ == end_) return ends_early();
      if (*at_ != expected) return unexpected("in literal " + std::string(word) + " (expecting " + quoted_char(expected) + ")");
      ++at_;
    }
    values_.push(std::move(value));
    return true;
  }

  bool digits(std::string_view where) {
    if (at_ == end_ || !is_digit(*at_)) return unexpected(where);
    while (at_ != end_ && is_digit(*at_)) ++at_;
    return true;
  }

  bool number() {
    const char* start = at_;
    if (*at_ == '-') ++at_;
    if (at_ != end_ && *at_ == '0') {
      ++at_;
    } else if (!digits("in numeric literal")) {
      return false;
    }
    bool integral = true;
    if (at_ != end_ && *at_ == '.') {
      integral = false;
      ++at_;
      if (!digits("after decimal point in numeric literal")) return false;
    }
    if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
      integral = false;
      ++at_;
      if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
      if (!digits("in exponent of numeric literal")) return false;
    }
    if (integral) {
      std::int64_t whole = 0;
      if (std::from_chars(start, at_, whole).ec == std::errc()) {
        values_.push(Doc(whole));
        return true;
      }
    }
    return real(start);
  }

  bool real(const char* start) {
    double value = 0;
    if (std::from_chars(start, at_, value).ec == std::errc::result_out_of_range) {
      // Too small becomes 0 as in Go; too large is an error.
      value = std::strtod(std::string(start, at_).c_str(), nullptr);
      if (std::isinf(value))
        return failed(Code::invalid_argument, "json: cannot unmarshal number " + std::string(start, at_) + " into Go value of type float64");
    }
    values_.push(Doc(value));
    return true;
  }

  bool string() {
    const char* start = ++at_;
    for (;;) {
      while (end_ - at_ >= 8 && special_bytes(at_) == 0) at_ += 8;
      if (at_ == end_) return ends_early();
      const auto c = static_cast<unsigned char>(*at_);
      if (c == '"') {
        values_.push(Doc(std::string_view(start, at_)));
        ++at_;
        return true;
      }
      if (c < 0x20) return unexpected("in string literal");
      if (c == '\\') return escaped_string(start);
      const std::size_t length = utf8_length(at_, end_);
      if (length == 0) return escaped_string(start);
      at_ += length;
    }
  }

  // From the first byte on that is not itself.
  bool escaped_string(const char* start) {
    std::string text(start, at_);
    for (;;) {
      if (at_ == end_) return ends_early();
      const auto c = static_cast<unsigned char>(*at_);
      if (c == '"') {
        values_.push(Doc(text));
        ++at_;
        return true;
      }
      if (c < 0x20) return unexpected("in string literal");
      if (c == '\\') {
        ++at_;
        if (!escape(text)) return false;
        continue;
      }
      const std::size_t length = utf8_length(at_, end_);
      text += length ? std::string_view(at_, length) : replacement;
      at_ += length ? length : 1;
    }
  }

  bool escape(std::string& text) {
    if (at_ == end_) return ends_early();
    constexpr std::string_view from = "\"\\/bfnrt", to = "\"\\/\b\f\n\r\t";
    if (const auto found = from.find(*at_); found != from.npos) {
      text += to[found];
      ++at_;
      return true;
    }
    if (*at_ != 'u') return unexpected("in string escape code");
    ++at_;
    std::uint32_t rune = 0;
    if (!hex4(rune)) return false;
    if (rune >= 0xD800 && rune < 0xDC00 && end_ - at_ >= 6 && at_[0] == '\\' && at_[1] == 'u') {
      const char* second = at_;
      at_ += 2;
      std::uint32_t low = 0;
      if (!hex4(low)) return false;
      if (low >= 0xDC00 && low < 0xE000) {
        append_utf8(text, 0x10000 + ((rune - 0xD800) << 10) + (low - 0xDC00));
        return true;
      }
      at_ = second;
    }
    append_utf8(text, rune >= 0xD800 && rune < 0xE000 ? 0xFFFD : rune);
    return true;
  }

  bool hex4(std::uint32_t& rune) {
    for (int i = 0; i < 4; ++i) {
      if (at_ == end_) return ends_early();
      const int digit = hex_value(*at_);
      if (digit < 0) return unexpected("in \\u hexadecimal character escape");
      rune = rune << 4 | static_cast<std::uint32_t>(digit);
      ++at_;
    }
    return true;
  }

  const char* at_;
  const char* end_;
  const ParseOptions& options_;
  Stack values_;
  std::vector<Frame> frames_;
  Error error_;
};

}  // namespace

Result<Doc> parse_json(std::string_view text, const ParseOptions& options) {
  if (text.size() > options.max_bytes)
    return fail(Code::resource_exhausted, "JSON of " + std::to_string(text.size()) + " bytes is longer than the limit of " +
                                              std::to_string(options.max_bytes) + " bytes", "RequestEntityTooLarge");
  return Parser(text, options).run();
}

}  // namespace plumb::api
