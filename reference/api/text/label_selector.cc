#include "reference/api/text/label_selector.h"

#include <algorithm>

#include "harness/base/encoding.h"
#include "reference/api/text/names.h"

namespace plumb::api {
namespace {

using Op = SelectorOperator;

enum class Token { end, identifier, in, not_in, open, close, comma, bang, equals, double_equals, not_equals, greater, less, error };

struct Lexeme {
  Token token;
  std::string_view text;
};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_symbol(char c) { return std::string_view("=!(),<>").find(c) != std::string_view::npos; }

Lexeme symbol(std::string_view text) {
  constexpr std::pair<std::string_view, Token> symbols[] = {{"==", Token::double_equals}, {"!=", Token::not_equals}, {"=", Token::equals},
                                                            {"!", Token::bang},           {"(", Token::open},        {")", Token::close},
                                                            {",", Token::comma},          {">", Token::greater},     {"<", Token::less}};
  for (const auto& [literal, token] : symbols)
    if (text.starts_with(literal)) return {token, text.substr(0, literal.size())};
  return {Token::error, text.substr(0, 1)};
}

std::vector<Lexeme> scan(std::string_view text) {
  std::vector<Lexeme> out;
  std::size_t at = 0;
  while (at < text.size()) {
    if (is_space(text[at])) {
      ++at;
      continue;
    }
    if (is_symbol(text[at])) {
      out.push_back(symbol(text.substr(at)));
    } else {
      std::size_t end = at;
      while (end < text.size() && !is_space(text[end]) && !is_symbol(text[end])) ++end;
      const auto word = text.substr(at, end - at);
      out.push_back({word == "in" ? Token::in : word == "notin" ? Token::not_in : Token::identifier, word});
    }
    at += out.back().text.size();
  }
  out.push_back({Token::end, ""});
  return out;
}

Error found(std::string_view text, std::string_view expected) {
  return fail(Code::invalid_argument, "found '" + std::string(text) + "', expected: " + std::string(expected), "BadRequest");
}

class Parser {
 public:
  explicit Parser(std::string_view text) : lexemes_(scan(text)) {}

  Result<std::vector<LabelRequirement>> run() {
    std::vector<LabelRequirement> out;
    while (peek() != Token::end) {
      if (peek() != Token::identifier && peek() != Token::bang) return found(text(), "!, identifier, or 'end of string'");
      auto parsed = requirement();
      if (!parsed.ok()) return std::move(parsed).error().in("unable to parse requirement");
      out.push_back(*std::move(parsed));
      if (peek() == Token::end) break;
      if (peek() != Token::comma) return found(text(), "',' or 'end of string'");
      advance();
      if (peek() != Token::identifier && peek() != Token::bang) return found(text(), "identifier after ','");
    }
    return out;
  }

 private:
  // Where a key or value stands, "in" and "notin" are ordinary words.
  Token peek() const {
    const Token token = lexemes_[at_].token;
    return token == Token::in || token == Token::not_in ? Token::identifier : token;
  }
  std::string_view text() const { return lexemes_[at_].text; }
  void advance() {
    if (at_ + 1 < lexemes_.size()) ++at_;
  }

  Result<LabelRequirement> requirement() {
    const bool absent = peek() == Token::bang;
    if (absent) advance();
    if (peek() != Token::identifier) return found(text(), "identifier");
    std::string key(text());
    if (const auto problems = check_label_key(key); !problems.empty()) return LabelRequirement::make(key, Op::exists, {}).error();
    advance();
    if (absent) {
      if (peek() == Token::end || peek() == Token::comma) return LabelRequirement::make(std::move(key), Op::does_not_exist, {});
      return with_operator(std::move(key));
    }
    if (peek() == Token::end || peek() == Token::comma) return LabelRequirement::make(std::move(key), Op::exists, {});
    return with_operator(std::move(key));
  }

  Result<LabelRequirement> with_operator(std::string key) {
    const Op op = PLUMB_TRY(binary_operator());
    auto values = PLUMB_TRY(op == Op::in || op == Op::not_in ? value_set() : exact_value());
    return LabelRequirement::make(std::move(key), op, std::move(values));
  }

  Result<Op> binary_operator() {
    const Lexeme lexeme = lexemes_[at_];
    advance();
    switch (lexeme.token) {
      case Token::in: return Op::in;
      case Token::not_in: return Op::not_in;
      case Token::equals: return Op::equals;
      case Token::double_equals: return Op::double_equals;
      case Token::not_equals: return Op::not_equals;
      case Token::greater: return Op::greater_than;
      case Token::less: return Op::less_than;
      default: return found(lexeme.text, "in, notin, =, ==, !=, gt, lt");
    }
  }

  Result<std::vector<std::string>> exact_value() {
    std::vector<std::string> values;
    if (peek() == Token::end || peek() == Token::comma) {
      values.emplace_back();
      return values;
    }
    if (peek() != Token::identifier) return found(text(), "identifier");
    values.emplace_back(text());
    advance();
    return values;
  }

  // (a,b), where an empty place stands for the empty value.
  Result<std::vector<std::string>> value_set() {
    if (peek() != Token::open) return fail(Code::invalid_argument, "found '" + std::string(text()) + "' expected: '('", "BadRequest");
    advance();
    std::vector<std::string> values;
    for (;;) {
      if (peek() == Token::identifier) {
        values.emplace_back(text());
        advance();
      } else if (peek() == Token::comma || peek() == Token::close) {
        values.emplace_back();
      } else {
        return found(text(), "',', ')' or identifier");
      }
      if (peek() == Token::close) {
        advance();
        return values;
      }
      if (peek() != Token::comma) return found(text(), "',' or ')'");
      advance();
    }
  }

  std::vector<Lexeme> lexemes_;
  std::size_t at_ = 0;
};

Error malformed_labels(std::string message) { return fail(Code::invalid_argument, std::move(message), "BadRequest"); }

Status check_count(Op op, const std::vector<std::string>& values) {
  switch (op) {
    case Op::in:
    case Op::not_in:
      if (values.empty()) return malformed_labels("for 'in', 'notin' operators, values set can't be empty");
      return {};
    case Op::equals:
    case Op::double_equals:
    case Op::not_equals:
      if (values.size() != 1) return malformed_labels("exact-match compatibility requires one single value");
      return {};
    case Op::exists:
    case Op::does_not_exist:
      if (!values.empty()) return malformed_labels("values set must be empty for exists and does not exist");
      return {};
    case Op::greater_than:
    case Op::less_than:
      if (values.size() != 1) return malformed_labels("for 'Gt', 'Lt' operators, exactly one value is required");
      if (!parse_int(values[0])) return malformed_labels("for 'Gt', 'Lt' operators, the value must be an integer");
      return {};
  }
  return {};
}

}  // namespace

Result<LabelRequirement> LabelRequirement::make(std::string key, SelectorOperator op, std::vector<std::string> values) {
  if (const auto problems = check_label_key(key); !problems.empty()) return malformed_labels("invalid label key \"" + key + "\": " + join(problems, "; "));
  PLUMB_TRY(check_count(op, values));
  for (const std::string& value : values)
    if (const auto problems = check_label_value(value); !problems.empty())
      return malformed_labels("invalid label value: \"" + value + "\": at key: \"" + key + "\": " + join(problems, "; "));
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return LabelRequirement{std::move(key), op, std::move(values)};
}

bool LabelRequirement::matches(std::optional<std::string_view> value) const {
  const auto listed = [&] { return std::find(values.begin(), values.end(), *value) != values.end(); };
  switch (op) {
    case Op::equals:
    case Op::double_equals:
    case Op::in:
      return value && listed();
    case Op::not_equals:
    case Op::not_in:
      return !value || !listed();
    case Op::exists:
      return value.has_value();
    case Op::does_not_exist:
      return !value;
    case Op::greater_than:
    case Op::less_than: {
      if (!value) return false;
      const auto actual = parse_int(*value), bound = parse_int(values.front());
      if (!actual || !bound) return false;
      return op == Op::greater_than ? *actual > *bound : *actual < *bound;
    }
  }
  return false;
}

std::string LabelRequirement::to_string() const {
  switch (op) {
    case Op::exists: return key;
    case Op::does_not_exist: return "!" + key;
    case Op::equals: return key + "=" + values.front();
    case Op::double_equals: return key + "==" + values.front();
    case Op::not_equals: return key + "!=" + values.front();
    case Op::greater_than: return key + ">" + values.front();
    case Op::less_than: return key + "<" + values.front();
    case Op::in: return key + " in (" + join(values, ",") + ")";
    case Op::not_in: return key + " notin (" + join(values, ",") + ")";
  }
  return key;
}

LabelSelector::LabelSelector(std::vector<LabelRequirement> requirements) : requirements_(std::move(requirements)) {
  std::stable_sort(requirements_.begin(), requirements_.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
}

LabelSelector LabelSelector::nothing() {
  LabelSelector selector;
  selector.nothing_ = true;
  return selector;
}

Result<LabelSelector> LabelSelector::parse(std::string_view text) { return LabelSelector(PLUMB_TRY(Parser(text).run())); }

std::optional<std::string_view> LabelSelector::exact(std::string_view key) const {
  for (const LabelRequirement& requirement : requirements_) {
    if (requirement.key != key) continue;
    const bool demands = requirement.op == Op::equals || requirement.op == Op::double_equals || requirement.op == Op::in;
    if (demands && requirement.values.size() == 1) return requirement.values.front();
    return std::nullopt;
  }
  return std::nullopt;
}

std::string LabelSelector::to_string() const {
  std::vector<std::string> parts;
  for (const LabelRequirement& requirement : requirements_) parts.push_back(requirement.to_string());
  return join(parts, ",");
}

}  // namespace plumb::api
