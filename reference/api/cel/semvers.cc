// Kubernetes' library of semantic versions. https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-semver-library
#include <algorithm>
#include <charconv>

#include "reference/api/cel/functions.h"

namespace plumb::cel {

namespace {

constexpr std::string_view digits = "0123456789", letters = "0123456789-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == '.') parts.emplace_back();
    else parts.back() += c;
  }
  return parts;
}

bool number(const std::string& text, std::uint64_t& value) {
  if (text.empty() || (text.size() > 1 && text.front() == '0') || text.find_first_not_of(digits) != std::string::npos) return false;
  return std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc();
}

bool are_identifiers(const std::vector<std::string>& parts, bool numbers_without_zeros) {
  for (const std::string& one : parts) {
    if (one.empty() || one.find_first_not_of(letters) != std::string::npos) return false;
    if (numbers_without_zeros && one.size() > 1 && one.front() == '0' && one.find_first_not_of(digits) == std::string::npos) return false;
  }
  return true;
}

// Without the "v" before it, with missing parts as 0, without zeros before numbers.
std::string normalised(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  const std::size_t end = std::min(text.find_first_of("-+"), text.size());
  std::vector<std::string> parts = split(text.substr(0, end));
  while (parts.size() < 3) parts.emplace_back("0");
  std::string made;
  for (std::string& one : parts) {
    const std::size_t first = one.find_first_not_of('0');
    made += (made.empty() ? "" : ".") + (first == std::string::npos && !one.empty() ? "0" : one.substr(std::min(first, one.size())));
  }
  return made + std::string(text.substr(end));
}

Result<Semver> parse(std::string_view text, bool normalise) {
  const Error bad = fail(Code::invalid_argument, "\"" + std::string(text.substr(0, 64)) + "\" is no semantic version: major.minor.patch is needed");
  const std::string whole = normalise ? normalised(text) : std::string(text);
  std::string_view rest = whole;
  Semver version;
  if (const std::size_t plus = rest.find('+'); plus != std::string_view::npos) {
    version.build = rest.substr(plus + 1);
    rest = rest.substr(0, plus);
    if (!are_identifiers(split(version.build), false)) return bad;
  }
  if (const std::size_t dash = rest.find('-'); dash != std::string_view::npos) {
    version.pre = split(rest.substr(dash + 1));
    rest = rest.substr(0, dash);
    if (!are_identifiers(version.pre, true)) return bad;
  }
  const std::vector<std::string> parts = split(rest);
  if (parts.size() != 3 || !number(parts[0], version.major) || !number(parts[1], version.minor) || !number(parts[2], version.patch)) return bad;
  return version;
}

Result<Semver> parse(Args args, Meter& meter) {
  PLUMB_TRY(meter.charge_text(args[0].text().size()));
  return parse(args[0].text(), args.size() > 1 && args[1].boolean());
}

template <class Test>
Result<Value> compared_semvers(Args args, Test test) {
  return Value::of(test(compare(args[0].semver(), args[1].semver())));
}

}  // namespace

void add_semvers(Overloads& all) {
  for (const std::vector<Kind>& takes : {std::vector{Kind::string}, std::vector{Kind::string, Kind::boolean}}) {
    all.push_back({"semver", false, takes, Kind::semver, [](Args args, Meter& meter) -> Result<Value> { return Value::of(PLUMB_TRY(parse(args, meter))); }});
    all.push_back({"isSemver", false, takes, Kind::boolean, [](Args args, Meter& meter) -> Result<Value> {
                     PLUMB_TRY(meter.charge_text(args[0].text().size()));
                     return Value::of(parse(args[0].text(), args.size() > 1 && args[1].boolean()).ok());
                   }});
  }
  const auto member = [&](const char* name, std::vector<Kind> takes, Kind result, Function function) {
    takes.insert(takes.begin(), Kind::semver);
    all.push_back({name, true, std::move(takes), result, function});
  };
  member("major", {}, Kind::integer, [](Args args, Meter&) -> Result<Value> { return Value::of(static_cast<std::int64_t>(args[0].semver().major)); });
  member("minor", {}, Kind::integer, [](Args args, Meter&) -> Result<Value> { return Value::of(static_cast<std::int64_t>(args[0].semver().minor)); });
  member("patch", {}, Kind::integer, [](Args args, Meter&) -> Result<Value> { return Value::of(static_cast<std::int64_t>(args[0].semver().patch)); });
  member("isLessThan", {Kind::semver}, Kind::boolean, [](Args args, Meter&) { return compared_semvers(args, [](std::weak_ordering order) { return order < 0; }); });
  member("isGreaterThan", {Kind::semver}, Kind::boolean, [](Args args, Meter&) { return compared_semvers(args, [](std::weak_ordering order) { return order > 0; }); });
  member("compareTo", {Kind::semver}, Kind::integer, [](Args args, Meter&) {
    return compared_semvers(args, [](std::weak_ordering order) { return std::int64_t{order < 0 ? -1 : order > 0 ? 1 : 0}; });
  });
}

}  // namespace plumb::cel
