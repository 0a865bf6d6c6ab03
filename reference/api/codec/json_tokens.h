// The tokens of one JSON text, for a reader that knows what it expects. simdjson's first pass finds where each token starts, and that the
// text is UTF-8 with strings closed and free of control characters; whether tokens are well-formed and stand in order is found when the
// reader comes to them. simdjson's own reader over the same pass (on-demand) copies and unescapes every string through a virtual call,
// which costs more than all the rest of decoding; here a string ends where the next token's start says, and is a view of the text.
//
// The first pass alone has no public name in simdjson: `stage1` and `structural_indexes` are what its own two readers use.
// For the .cc files of this folder only: it draws in all of simdjson. One instance serves one text after another; not thread-safe.
#pragma once

#include <simdjson.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

namespace plumb::api {

namespace simdjson_numbers = simdjson::SIMDJSON_BUILTIN_IMPLEMENTATION::numberparsing;
namespace simdjson_chars = simdjson::SIMDJSON_BUILTIN_IMPLEMENTATION::jsoncharutils;

class JsonTokens {
 public:
  using Error = simdjson::error_code;

  // Copies the text, which need not outlive the call, and goes to its first token. What is read from here on stays valid until the next load.
  Error load(std::string_view json) {
    if (json.empty()) return simdjson::EMPTY;
    if (const Error code = make_room(json.size())) return code;
    std::memcpy(text_.get(), json.data(), json.size());
    std::memset(text_.get() + json.size(), 0, simdjson::SIMDJSON_PADDING);
    if (const Error code = parser_->stage1(reinterpret_cast<const std::uint8_t*>(text_.get()), json.size(), simdjson::stage1_mode::regular)) return code;
    at_ = parser_->structural_indexes.get();
    end_ = at_ + parser_->n_structural_indexes;
    unescaped_size_ = 0;
    escape_ = next_escape(0);
    return simdjson::SUCCESS;
  }
  // A single huge text does not keep its memory for ever.
  void trim() {
    if (capacity_ > std::size_t{1} << 20) *this = JsonTokens();
  }

  // The first character of the current token; 0 behind the last.
  char peek() const { return text_[*at_]; }
  bool at_number() const { return peek() == '-' || (peek() >= '0' && peek() <= '9'); }
  char take() { return text_[*at_++]; }
  void next() { ++at_; }
  bool at_value() const { return std::string_view("{[\"tfn").find(peek()) != std::string_view::npos || at_number(); }
  bool at_end() const { return at_ >= end_; }
  char last() const { return text_[end_[-1]]; }

  // These read the current token and pass it; with INCORRECT_TYPE or NUMBER_ERROR it stays the current one.
  Error string(std::string_view& out) {
    if (peek() != '"') return simdjson::INCORRECT_TYPE;
    const std::uint32_t start = *at_++ + 1;
    std::uint32_t end = *at_ - 1;
    while (text_[end] != '"') --end;  // over the white space before the next token
    out = {text_.get() + start, end - start};
    if (escape_ < start) escape_ = next_escape(start);
    return escape_ < end ? unescape(start, out) : simdjson::SUCCESS;
  }
  // A member's name and the colon.
  Error key(std::string_view& out) {
    if (peek() != '"') return simdjson::TAPE_ERROR;
    const Error code = string(out);
    return take() == ':' ? code : simdjson::TAPE_ERROR;
  }
  Error integer(std::int64_t& out) { return passed(simdjson_numbers::parse_integer(token()).get(out)); }
  Error real(double& out) { return passed(simdjson_numbers::parse_double(token()).get(out)); }
  Error boolean(bool& out) {
    const bool yes = peek() == 't';
    if (!literal(yes ? "true" : "false")) return simdjson::INCORRECT_TYPE;
    out = yes;
    ++at_;
    return simdjson::SUCCESS;
  }
  // True when the current token is null, which is then passed.
  bool null() {
    if (peek() != 'n' || !literal("null")) return false;
    ++at_;
    return true;
  }
  // The current token's text with what white space follows it; passes nothing.
  std::string_view raw() const { return {text_.get() + *at_, at_[1] - *at_}; }
  // Passes a value by its brackets alone, and gives its text with what white space follows it. What is inside is not looked at.
  Error whole(std::string_view& out) {
    if (!at_value()) return simdjson::TAPE_ERROR;
    const std::uint32_t start = *at_;
    std::size_t depth = 0;
    do {
      if (at_ >= end_) return simdjson::TAPE_ERROR;
      const char c = take();
      depth += c == '{' || c == '[';
      depth -= c == '}' || c == ']';
    } while (depth > 0);
    out = {text_.get() + start, *at_ - start};
    return simdjson::SUCCESS;
  }

 private:
  using Parser = simdjson::internal::dom_parser_implementation;

  Error make_room(std::size_t size) {
    if (parser_ && size <= capacity_) return simdjson::SUCCESS;
    const std::size_t wanted = std::max<std::size_t>(size, capacity_ ? 2 * capacity_ : 4096);
    capacity_ = 0;
    if (const Error code = simdjson::get_active_implementation()->create_dom_parser_implementation(wanted, 1, parser_)) return parser_.reset(), code;
    text_ = std::make_unique_for_overwrite<char[]>(wanted + simdjson::SIMDJSON_PADDING);
    unescaped_.reset();
    capacity_ = wanted;
    return simdjson::SUCCESS;
  }
  const std::uint8_t* token() const { return reinterpret_cast<const std::uint8_t*>(text_.get() + *at_); }
  Error passed(Error code) {
    at_ += code == simdjson::SUCCESS;
    return code;
  }
  bool literal(std::string_view word) const {
    const char* start = text_.get() + *at_;
    return std::memcmp(start, word.data(), word.size()) == 0 &&
           !simdjson_chars::is_not_structural_or_whitespace(static_cast<std::uint8_t>(start[word.size()]));
  }
  std::uint32_t next_escape(std::uint32_t from) const {
    const std::uint32_t size = *end_;
    const void* found = std::memchr(text_.get() + from, '\\', size - from);
    return found ? static_cast<std::uint32_t>(static_cast<const char*>(found) - text_.get()) : size;
  }
  // simdjson writes whole blocks past the end of what it unescapes; no text grows by it, so one buffer of the text's size has room for all.
  Error unescape(std::uint32_t start, std::string_view& out) {
    if (!unescaped_) unescaped_ = std::make_unique_for_overwrite<char[]>(capacity_ + simdjson::SIMDJSON_PADDING);
    char* target = unescaped_.get() + unescaped_size_;
    const std::uint8_t* end = parser_->parse_string(reinterpret_cast<const std::uint8_t*>(text_.get() + start), reinterpret_cast<std::uint8_t*>(target));
    if (!end) return simdjson::STRING_ERROR;
    out = {target, static_cast<std::size_t>(reinterpret_cast<const char*>(end) - target)};
    unescaped_size_ += out.size();
    return simdjson::SUCCESS;
  }

  std::unique_ptr<Parser> parser_;
  std::unique_ptr<char[]> text_, unescaped_;
  std::size_t capacity_ = 0, unescaped_size_ = 0;
  const std::uint32_t* at_ = nullptr;   // offsets of tokens
  const std::uint32_t* end_ = nullptr;  // behind the last; holds the size of the text
  std::uint32_t escape_ = 0;            // the first backslash from the last string's start on, or the size of the text
};

}  // namespace plumb::api
