#include "reference/api/text/field_selector.h"

#include <algorithm>

#include "harness/base/encoding.h"

namespace plumb::api {
namespace {

Error malformed_fields(std::string message) { return fail(Code::invalid_argument, std::move(message), "BadRequest"); }

std::vector<std::string_view> terms_of(std::string_view text) {
  std::vector<std::string_view> terms;
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == ',') {
      terms.push_back(text.substr(start, i - start));
      start = i + 1;
    }
  }
  terms.push_back(text.substr(start));
  std::sort(terms.begin(), terms.end());
  return terms;
}

Result<std::string> unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ',' || text[i] == '=') return malformed_fields("invalid field selector: unescaped character in value: " + std::to_string(text[i]));
    if (text[i] == '\\') {
      ++i;
      if (i == text.size() || std::string_view("\\,=").find(text[i]) == std::string_view::npos)
        return malformed_fields("invalid field selector: invalid escape sequence: \\" + std::string(text.substr(i, 1)));
    }
    out += text[i];
  }
  return out;
}

Result<FieldRequirement> parse_term(std::string_view term, std::string_view whole) {
  for (std::size_t i = 0; i < term.size(); ++i) {
    const std::string_view rest = term.substr(i);
    const bool unequal = rest.starts_with("!=");
    if (!unequal && rest[0] != '=') continue;
    const std::size_t width = unequal || rest.starts_with("==") ? 2 : 1;
    std::string value = PLUMB_TRY(unescape(rest.substr(width)));
    return FieldRequirement{std::string(term.substr(0, i)), !unequal, std::move(value)};
  }
  return malformed_fields("invalid selector: '" + std::string(whole) + "'; can't understand '" + std::string(term) + "'");
}

}  // namespace

std::string escape_field_value(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == ',' || c == '=') out += '\\';
    out += c;
  }
  return out;
}

Result<FieldSelector> FieldSelector::parse(std::string_view text) {
  FieldSelector selector;
  for (const auto term : terms_of(text))
    if (!term.empty()) selector.requirements_.push_back(PLUMB_TRY(parse_term(term, text)));
  return selector;
}

bool FieldSelector::matches(const Lookup& fields) const {
  return std::all_of(requirements_.begin(), requirements_.end(),
                     [&](const FieldRequirement& term) { return (fields(term.field) == term.value) == term.equal; });
}

std::optional<std::string_view> FieldSelector::exact(std::string_view field) const {
  for (const FieldRequirement& term : requirements_)
    if (term.equal && term.field == field) return term.value;
  return std::nullopt;
}

FieldSelector FieldSelector::renamed(const std::function<std::string_view(std::string_view field)>& name) const {
  FieldSelector renamed = *this;
  for (FieldRequirement& term : renamed.requirements_) term.field = std::string(name(term.field));
  return renamed;
}

std::string FieldSelector::to_string() const {
  std::vector<std::string> parts;
  for (const FieldRequirement& term : requirements_) parts.push_back(term.field + (term.equal ? "=" : "!=") + escape_field_value(term.value));
  return join(parts, ",");
}

}  // namespace plumb::api
