// Functions of texts. Places and lengths count characters.
#include <re2/re2.h>

#include <algorithm>
#include <cctype>

#include "reference/api/cel/functions.h"
#include "reference/api/cel/utf8.h"

namespace plumb::cel {

namespace {

using Characters = std::vector<std::string_view>;

Value integer(std::size_t value) { return Value::of(static_cast<std::int64_t>(value)); }
Error out_of_range(std::int64_t index) { return fail(Code::invalid_argument, "index out of range: " + std::to_string(index)); }

std::string joined(std::span<const std::string_view> characters) {
  std::string text;
  for (const std::string_view one : characters) text += one;
  return text;
}

Result<Value> size(Args args, Meter& meter) {
  PLUMB_TRY(meter.charge_text(args[0].text().size()));
  return integer(count_characters(args[0].text()));
}

Result<Value> char_at(Args args, Meter& meter) {
  PLUMB_TRY(meter.charge_text(args[0].text().size()));
  const Characters all = characters_of(args[0].text());
  const std::int64_t at = args[1].integer();
  if (at < 0 || at > static_cast<std::int64_t>(all.size())) return out_of_range(at);
  return Value::of(at == static_cast<std::int64_t>(all.size()) ? std::string_view() : all[static_cast<std::size_t>(at)]);
}

Result<Value> index_of(Args args, Meter& meter) {
  PLUMB_TRY(meter.charge_text(args[0].text().size() + args[1].text().size()));
  const Characters all = characters_of(args[0].text()), part = characters_of(args[1].text());
  const std::int64_t from = args.size() > 2 ? args[2].integer() : 0;
  if (from < 0 || from > static_cast<std::int64_t>(all.size())) return out_of_range(from);
  if (part.empty()) return Value::of(from);
  PLUMB_TRY(meter.charge(all.size() * part.size() / 100));
  const auto found = std::search(all.begin() + from, all.end(), part.begin(), part.end());
  return Value::of(found == all.end() ? std::int64_t{-1} : static_cast<std::int64_t>(found - all.begin()));
}

// The last that begins at the third argument or before.
Result<Value> last_index_of(Args args, Meter& meter) {
  PLUMB_TRY(meter.charge_text(args[0].text().size() + args[1].text().size()));
  const Characters all = characters_of(args[0].text()), part = characters_of(args[1].text());
  const auto length = static_cast<std::int64_t>(all.size());
  const std::int64_t from = args.size() > 2 ? args[2].integer() : length;
  if (from < 0 || (args.size() > 2 && from > length)) return out_of_range(from);
  if (part.empty()) return Value::of(from);
  PLUMB_TRY(meter.charge(all.size() * part.size() / 100));
  const auto end = all.begin() + std::min(length, from + static_cast<std::int64_t>(part.size()));
  const auto found = std::find_end(all.begin(), end, part.begin(), part.end());
  return Value::of(found == end ? std::int64_t{-1} : static_cast<std::int64_t>(found - all.begin()));
}

Result<Value> substring(Args args, Meter& meter) {
  PLUMB_TRY(meter.charge_text(args[0].text().size()));
  const Characters all = characters_of(args[0].text());
  const auto length = static_cast<std::int64_t>(all.size());
  const std::int64_t from = args[1].integer(), to = args.size() > 2 ? args[2].integer() : length;
  if (from < 0 || from > length) return out_of_range(from);
  if (to < 0 || to > length) return out_of_range(to);
  if (from > to) return fail(Code::invalid_argument, "invalid substring range. start: " + std::to_string(from) + ", end: " + std::to_string(to));
  return Value::of(joined(std::span(all).subspan(static_cast<std::size_t>(from), static_cast<std::size_t>(to - from))));
}

// Where to cut: at each separator, or between all characters without one. At most `most` parts; below zero: all.
std::vector<std::string_view> parts_of(std::string_view text, std::string_view separator, std::int64_t most) {
  std::vector<std::string_view> parts;
  if (most == 0) return parts;
  const auto enough = [&] { return most > 0 && static_cast<std::int64_t>(parts.size()) + 1 >= most; };
  while (!enough() && !text.empty()) {
    std::size_t end = text.find(separator);
    if (separator.empty()) end = characters_of(text.substr(0, 4)).front().size();
    if (end == std::string_view::npos || (separator.empty() && end == text.size())) break;
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end + separator.size());
    if (text.empty() && !separator.empty()) return parts.push_back(text), parts;
  }
  if (!text.empty() || (parts.empty() && !separator.empty())) parts.push_back(text);
  return parts;
}

Result<Value> split(Args args, Meter& meter) {
  PLUMB_TRY(meter.charge_text(args[0].text().size()));
  std::vector<Value> parts;
  for (const std::string_view part : parts_of(args[0].text(), args[1].text(), args.size() > 2 ? args[2].integer() : -1)) parts.push_back(Value::of(part));
  PLUMB_TRY(meter.charge(parts.size()));
  return Value::list(std::move(parts));
}

Result<Value> replace(Args args, Meter& meter) {
  const std::string &text = args[0].text(), &from = args[1].text(), &to = args[2].text();
  const std::int64_t limit = args.size() > 3 ? args[3].integer() : -1;
  PLUMB_TRY(meter.charge_text(text.size()));
  std::string result;
  std::size_t at = 0;
  for (std::int64_t done = 0; limit < 0 || done < limit; ++done) {
    // Nothing stands before, between and after all characters.
    const std::size_t found = from.empty() ? (at == 0 && done == 0 ? 0 : at) : text.find(from, at);
    if (found == std::string::npos || (from.empty() && at > text.size())) break;
    PLUMB_TRY(meter.charge_text(to.size()));
    result.append(text, at, found - at);
    result += to;
    at = found + from.size();
    if (!from.empty()) continue;
    if (at == text.size()) return Value::of(result);
    const std::size_t length = characters_of(std::string_view(text).substr(at, 4)).front().size();
    result.append(text, at, length);
    at += length;
  }
  result.append(text, std::min(at, text.size()));
  return Value::of(result);
}

Result<Value> join(Args args, Meter& meter) {
  std::string result;
  const std::string separator = args.size() > 1 ? args[1].text() : "";
  for (std::size_t i = 0; i < args[0].list().size(); ++i) {
    const Value item = args[0].list().at(i);
    if (!item.is(Kind::string)) return no_overload();
    PLUMB_TRY(meter.charge_text(separator.size() + item.text().size()));
    result += (i ? separator : "") + item.text();
  }
  return Value::of(result);
}

template <int (*change)(int)>
Result<Value> of_ascii(Args args, Meter& meter) {
  PLUMB_TRY(meter.charge_text(args[0].text().size()));
  std::string text = args[0].text();
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x80) c = static_cast<char>(change(c));
  return Value::of(text);
}

Result<Value> trim(Args args, Meter& meter) {
  PLUMB_TRY(meter.charge_text(args[0].text().size()));
  static constexpr std::string_view blanks[] = {" ", "\t", "\n", "\v", "\f", "\r", "\u0085", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004",
                                                "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"};
  const auto is_blank = [](std::string_view character) { return std::find(std::begin(blanks), std::end(blanks), character) != std::end(blanks); };
  std::span<const std::string_view> left;
  const Characters all = characters_of(args[0].text());
  left = all;
  while (!left.empty() && is_blank(left.front())) left = left.subspan(1);
  while (!left.empty() && is_blank(left.back())) left = left.first(left.size() - 1);
  return Value::of(joined(left));
}

Result<Value> reverse(Args args, Meter& meter) {
  PLUMB_TRY(meter.charge_text(args[0].text().size()));
  Characters all = characters_of(args[0].text());
  std::reverse(all.begin(), all.end());
  return Value::of(joined(all));
}

// --- regular expressions, RE2's as upstream's: their time grows with the text, whatever they are.

Result<std::unique_ptr<RE2>> compile(const std::string& pattern) {
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(1 << 20);
  auto made = std::make_unique<RE2>(pattern, options);
  if (!made->ok()) return fail(Code::invalid_argument, "error parsing regexp: " + made->error());
  return made;
}
Status charge(Args args, Meter& meter) { return meter.charge(1 + args[0].text().size() / 10 * (1 + args[1].text().size() / 4)); }

Result<Value> matches(Args args, Meter& meter) {
  PLUMB_TRY(charge(args, meter));
  const auto pattern = PLUMB_TRY(compile(args[1].text()));
  return Value::of(RE2::PartialMatch(args[0].text(), *pattern));
}

Result<Value> find(Args args, Meter& meter) {
  PLUMB_TRY(charge(args, meter));
  const auto pattern = PLUMB_TRY(compile(args[1].text()));
  re2::StringPiece found;
  if (!pattern->Match(args[0].text(), 0, args[0].text().size(), RE2::UNANCHORED, &found, 1)) return Value::of("");
  return Value::of(std::string_view(found.data(), found.size()));
}

Result<Value> find_all(Args args, Meter& meter) {
  PLUMB_TRY(charge(args, meter));
  const auto pattern = PLUMB_TRY(compile(args[1].text()));
  const std::string& text = args[0].text();
  const std::int64_t most = args.size() > 2 ? args[2].integer() : -1;
  std::vector<Value> all;
  re2::StringPiece found;
  std::size_t at = 0;
  while ((most < 0 || static_cast<std::int64_t>(all.size()) < most) && at <= text.size() && pattern->Match(text, at, text.size(), RE2::UNANCHORED, &found, 1)) {
    PLUMB_TRY(meter.charge(1));
    all.push_back(Value::of(std::string_view(found.data(), found.size())));
    const auto end = static_cast<std::size_t>(found.data() - text.data()) + found.size();
    at = found.empty() ? end + 1 : end;
  }
  return Value::list(std::move(all));
}

template <class Test>
Result<Value> tested(Args args, Meter& meter, Test test) {
  PLUMB_TRY(meter.charge_text(args[0].text().size()));
  return Value::of(test(std::string_view(args[0].text()), std::string_view(args[1].text())));
}

}  // namespace

void add_texts(Overloads& all) {
  const auto member = [&](const char* name, std::vector<Kind> takes, Type result, Function function) {
    takes.insert(takes.begin(), Kind::string);
    all.push_back({name, true, std::move(takes), std::move(result), function});
  };
  for (const bool on : {true, false}) {
    all.push_back({"size", on, {Kind::string}, Kind::integer, size});
    all.push_back({"size", on, {Kind::bytes}, Kind::integer, [](Args args, Meter&) -> Result<Value> { return integer(args[0].bytes().size()); }});
    all.push_back({"matches", on, {Kind::string, Kind::string}, Kind::boolean, matches});
  }
  member("contains", {Kind::string}, Kind::boolean, [](Args args, Meter& meter) {
    return tested(args, meter, [](std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; });
  });
  member("startsWith", {Kind::string}, Kind::boolean,
         [](Args args, Meter& meter) { return tested(args, meter, [](std::string_view text, std::string_view part) { return text.starts_with(part); }); });
  member("endsWith", {Kind::string}, Kind::boolean,
         [](Args args, Meter& meter) { return tested(args, meter, [](std::string_view text, std::string_view part) { return text.ends_with(part); }); });
  member("charAt", {Kind::integer}, Kind::string, char_at);
  member("indexOf", {Kind::string}, Kind::integer, index_of);
  member("indexOf", {Kind::string, Kind::integer}, Kind::integer, index_of);
  member("lastIndexOf", {Kind::string}, Kind::integer, last_index_of);
  member("lastIndexOf", {Kind::string, Kind::integer}, Kind::integer, last_index_of);
  member("lowerAscii", {}, Kind::string, of_ascii<std::tolower>);
  member("upperAscii", {}, Kind::string, of_ascii<std::toupper>);
  member("replace", {Kind::string, Kind::string}, Kind::string, replace);
  member("replace", {Kind::string, Kind::string, Kind::integer}, Kind::string, replace);
  member("split", {Kind::string}, Type::list(Kind::string), split);
  member("split", {Kind::string, Kind::integer}, Type::list(Kind::string), split);
  member("substring", {Kind::integer}, Kind::string, substring);
  member("substring", {Kind::integer, Kind::integer}, Kind::string, substring);
  member("trim", {}, Kind::string, trim);
  member("reverse", {}, Kind::string, reverse);
  member("find", {Kind::string}, Kind::string, find);
  member("findAll", {Kind::string}, Type::list(Kind::string), find_all);
  member("findAll", {Kind::string, Kind::integer}, Type::list(Kind::string), find_all);
  all.push_back({"join", true, {Kind::list}, Kind::string, join});
  all.push_back({"join", true, {Kind::list, Kind::string}, Kind::string, join});
}

}  // namespace plumb::cel
