#include "perf/text.h"

#include <ctime>

#include "harness/base/encoding.h"

namespace plumb::perf {
namespace {

constexpr std::string_view space_mark = "${space}";

std::optional<std::uint64_t> modulus_of(std::string_view name) {
  if (!name.starts_with("i%")) return std::nullopt;
  const auto value = parse_int(name.substr(2));
  return value && *value >= 1 && *value <= 1'000'000 ? std::optional(static_cast<std::uint64_t>(*value)) : std::nullopt;
}

std::string utc(WallTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[sizeof "0000-00-00T00:00:00Z"];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

}  // namespace

MarkCheck check_mark(std::string_view name) {
  if (name == "i" || name == "space" || name == "now") return {true, ""};
  if (!name.starts_with("i%")) return {};
  if (modulus_of(name)) return {true, ""};
  return {true, "${" + std::string(name) + "}: after % stands a whole number from 1 to 1000000"};
}

RunText::RunText(const std::string& text) : text_(text) {
  std::size_t at = 0, from = 0;
  for (std::size_t open; (open = text.find("${", from)) != std::string::npos;) {
    const std::size_t close = text.find('}', open);
    if (close == std::string::npos) break;
    from = close + 1;
    const std::string name = text.substr(open + 2, close - open - 2);
    const auto modulus = modulus_of(name);
    if (name != "i" && name != "now" && !modulus) continue;
    numbered_ = numbered_ || name != "now";
    marks_.push_back({text.substr(at, open - at), modulus.value_or(0), name == "now"});
    at = from;
  }
  rest_ = text.substr(at);
}

RunText RunText::in_space(const std::string& space) const {
  std::string text = text_;
  for (std::size_t at = 0; (at = text.find(space_mark, at)) != std::string::npos; at += space.size()) text.replace(at, space_mark.size(), space);
  return RunText(text);
}

std::string RunText::with(std::uint64_t number, WallTime now) const {
  std::string out;
  for (const Mark& mark : marks_) {
    out += mark.before;
    if (mark.time) out += utc(now);
    else out += std::to_string(mark.modulus == 0 ? number : number % mark.modulus);
  }
  return out + rest_;
}

}  // namespace plumb::perf
