#include "reference/api/cel/lexer.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>

#include "reference/api/cel/expression.h"
#include "reference/api/cel/utf8.h"

namespace plumb::cel {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<Token>> run() {
    for (;;) {
      skip_blanks();
      start_ = at_;
      if (at_ == text_.size()) break;
      PLUMB_TRY(next());
    }
    add(Token::Is::end);
    return std::move(tokens_);
  }

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  Error bad(std::string_view what) const { return fail(Code::invalid_argument, describe_error(text_, start_, what)); }

  void skip_blanks() {
    while (at_ < text_.size()) {
      if (text_.substr(at_).starts_with("//")) at_ = std::min(text_.find('\n', at_), text_.size());
      else if (std::string_view(" \t\n\r\f").find(text_[at_]) != std::string_view::npos) ++at_;
      else return;
    }
  }

  Token& add(Token::Is is) { return tokens_.emplace_back(Token{is, text_.substr(start_, at_ - start_), start_, {}, {}}); }

  Status next() {
    if (const auto length = prefix_of_string()) return read_string(*length);
    if (is_letter(peek())) return read_word();
    if (is_digit(peek()) || (peek() == '.' && is_digit(peek(1)))) return read_number();
    if (peek() == '`') return read_quoted_identifier();
    for (const std::string_view symbol : {"&&", "||", "==", "!=", "<=", ">=", "?", ":", "<", ">", "+", "-", "*", "/", "%", "!", ".", ",", "(", ")", "[", "]", "{", "}"})
      if (text_.substr(at_).starts_with(symbol)) {
        at_ += symbol.size();
        add(Token::Is::symbol);
        return {};
      }
    return bad("Syntax error: token recognition error at: '" + std::string(1, peek()) + "'");
  }

  Status read_word() {
    while (is_letter(peek()) || is_digit(peek())) ++at_;
    const std::string_view word = text_.substr(start_, at_ - start_);
    if (word == "true" || word == "false") add(Token::Is::literal).value = Value::of(word == "true");
    else if (word == "null") add(Token::Is::literal);
    else if (word == "in") add(Token::Is::symbol);
    else add(Token::Is::identifier).name = word;
    return {};
  }

  Status read_quoted_identifier() {
    const std::size_t end = text_.find('`', at_ + 1);
    if (end == std::string_view::npos || end == at_ + 1) return bad("Syntax error: unterminated or empty quoted identifier");
    const std::string_view name = text_.substr(at_ + 1, end - at_ - 1);
    for (const char c : name)
      if (!is_letter(c) && !is_digit(c) && std::string_view(".-/ ").find(c) == std::string_view::npos) return bad("Syntax error: a quoted identifier may not have '" + std::string(1, c) + "'");
    at_ = end + 1;
    add(Token::Is::quoted_identifier).name = name;
    return {};
  }

  // --- numbers

  Status read_number() {
    if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X')) {
      at_ += 2;
      const std::size_t digits = at_;
      while (std::isxdigit(static_cast<unsigned char>(peek()))) ++at_;
      return whole(text_.substr(digits, at_ - digits), 16);
    }
    while (is_digit(peek())) ++at_;
    bool real = false;
    if (peek() == '.' && is_digit(peek(1))) {
      real = true;
      ++at_;
      while (is_digit(peek())) ++at_;
    }
    const std::size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
    if ((peek() == 'e' || peek() == 'E') && is_digit(peek(1 + sign))) {
      real = true;
      at_ += 1 + sign;
      while (is_digit(peek())) ++at_;
    }
    const std::string_view digits = text_.substr(start_, at_ - start_);
    if (!real) return whole(digits, 10);
    double value = 0;
    std::string whole_text(digits);
    if (whole_text.front() == '.') whole_text.insert(0, "0");
    const auto [end, error] = std::from_chars(whole_text.data(), whole_text.data() + whole_text.size(), value);
    if (error != std::errc() && !(error == std::errc::result_out_of_range && whole_text.find("e-") != std::string::npos)) return bad("invalid double literal");
    add(Token::Is::literal).value = Value::of(value);
    return {};
  }

  Status whole(std::string_view digits, int base) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    const bool is_unsigned = peek() == 'u' || peek() == 'U';
    if (error != std::errc() || digits.empty()) return bad(is_unsigned ? "invalid uint literal" : "invalid int literal");
    if (is_unsigned) ++at_;
    Token& token = add(Token::Is::literal);
    if (is_unsigned) token.value = Value::of(value);
    else if (value <= INT64_MAX) token.value = Value::of(static_cast<std::int64_t>(value));
    else if (value == std::uint64_t{1} << 63) token.name = "-";
    else return bad("invalid int literal");
    return {};
  }

  // --- strings

  // How many of r, R, b, B stand before a quote; nullopt when this is no string.
  std::optional<std::size_t> prefix_of_string() const {
    std::size_t length = 0;
    while (length < 2 && std::string_view("rRbB").find(peek(length)) != std::string_view::npos && peek(length) != '\0') ++length;
    if (length == 2 && (std::tolower(peek(0)) == std::tolower(peek(1)))) return std::nullopt;
    return peek(length) == '"' || peek(length) == '\'' ? std::optional(length) : std::nullopt;
  }

  Status read_string(std::size_t prefix) {
    bool raw = false, bytes = false;
    for (std::size_t i = 0; i < prefix; ++i) (std::tolower(peek(i)) == 'r' ? raw : bytes) = true;
    at_ += prefix;
    const std::string_view one = text_.substr(at_, 1), three = text_.substr(at_, 3);
    const bool is_long = three == "\"\"\"" || three == "'''";
    const std::string_view quote = is_long ? three : one;
    at_ += quote.size();
    std::string value;
    while (!text_.substr(at_).starts_with(quote)) {
      if (at_ == text_.size() || (!is_long && (peek() == '\n' || peek() == '\r'))) return bad("Syntax error: unterminated string");
      if (raw || peek() != '\\') value += text_[at_++];
      else PLUMB_TRY(read_escape(bytes, value));
    }
    at_ += quote.size();
    if (!bytes && !is_utf8(value)) return bad("Syntax error: the string is not UTF-8");
    add(Token::Is::literal).value = bytes ? Value::bytes(value) : Value::of(value);
    return {};
  }

  Status read_escape(bool bytes, std::string& out) {
    static constexpr std::string_view names = "abfnrtv\\?\"'`", meanings = "\a\b\f\n\r\t\v\\?\"'`";
    const char kind = peek(1);
    if (const std::size_t simple = names.find(kind); simple != std::string_view::npos && kind != '\0') {
      out += meanings[simple];
      at_ += 2;
      return {};
    }
    if (kind == 'x' || kind == 'X') return read_code(2, 2, 16, bytes, out);
    if (kind == 'u' && !bytes) return read_code(2, 4, 16, bytes, out);
    if (kind == 'U' && !bytes) return read_code(2, 8, 16, bytes, out);
    if (kind >= '0' && kind <= '3') return read_code(1, 3, 8, bytes, out);
    return bad("Syntax error: unknown escape sequence");
  }

  Status read_code(std::size_t skip, std::size_t length, int base, bool bytes, std::string& out) {
    std::uint32_t code = 0;
    const std::string_view digits = text_.substr(std::min(at_ + skip, text_.size())).substr(0, length);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, base);
    if (digits.size() != length || error != std::errc() || end != digits.data() + length) return bad("Syntax error: an escape sequence lacks digits");
    if (bytes) out += static_cast<char>(code);
    else if (!append_utf8(code, out)) return bad("Syntax error: an escape sequence is no Unicode character");
    at_ += skip + length;
    return {};
  }

  const std::string_view text_;
  std::size_t at_ = 0, start_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

Result<std::vector<Token>> tokens_of(std::string_view text) { return Lexer(text).run(); }

}  // namespace plumb::cel
