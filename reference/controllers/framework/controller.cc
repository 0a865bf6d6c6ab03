#include "reference/controllers/framework/controller.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "harness/base/encoding.h"
#include "harness/base/listing.h"
#include "reference/api/text/time.h"

namespace plumb::controllers {
namespace {

const Registered<Listing> listed{"controllers", [] { return listing_of<Controller>([](const Controller& controller) { return controller.component(); }); }};

// Plain decimals, as Go's flags take them.
std::optional<double> parse_fraction(const std::string& text) {
  if (text.empty() || text.find_first_not_of("0123456789.") != std::string::npos) return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  return *end == '\0' && end != text.c_str() ? std::optional(value) : std::nullopt;
}

}  // namespace

std::string Options::text(const std::string& name, std::string otherwise) const {
  const auto found = values_.find(name);
  return found == values_.end() ? otherwise : found->second;
}

std::int64_t Options::number(const std::string& name, std::int64_t otherwise) const {
  return parse_int(text(name, {})).value_or(otherwise);
}

Duration Options::duration(const std::string& name, Duration otherwise) const {
  const Result<Duration> parsed = api::parse_duration(text(name, {}));
  return parsed.ok() ? *parsed : otherwise;
}

bool Options::flag(const std::string& name, bool otherwise) const {
  const std::string value = text(name, {});
  return value == "true" ? true : value == "false" ? false : otherwise;
}

double Options::fraction(const std::string& name, double otherwise) const { return parse_fraction(text(name, {})).value_or(otherwise); }

Status check_option(const OptionSpec& spec, const std::string& text) {
  using Kind = OptionSpec::Kind;
  const auto refuse = [&](const char* what) { return fail(Code::invalid_argument, "\"" + text + "\" is no " + what); };
  if (spec.kind == Kind::duration && PLUMB_TRY(api::parse_duration(text)) < Duration::zero()) return refuse("duration from zero up");
  if (spec.kind == Kind::number && parse_int(text).value_or(-1) < 0) return refuse("number from zero up");
  if (spec.kind == Kind::fraction && !parse_fraction(text)) return refuse("number from zero up");
  if (spec.kind == Kind::flag && text != "true" && text != "false") return refuse("flag: true or false");
  return {};
}

informer::Informer& Watches::informer(const informer::Resource& resource) {
  informer::Informer& found = informers_.informer(resource);
  if (std::find(used_.begin(), used_.end(), &found) == used_.end()) used_.push_back(&found);
  return found;
}

bool Watches::synced() const {
  return std::all_of(used_.begin(), used_.end(), [](const informer::Informer* source) { return source->has_synced(); });
}

}  // namespace plumb::controllers
