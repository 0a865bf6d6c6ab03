#include "reference/controllers/framework/controller.h"

#include <algorithm>

#include "harness/base/encoding.h"
#include "harness/base/listing.h"
#include "reference/api/text/time.h"

namespace plumb::controllers {
namespace {

const Registered<Listing> listed{"controllers", [] { return listing_of<Controller>([](const Controller& controller) { return controller.component(); }); }};

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

Status check_option(const OptionSpec& spec, const std::string& text) {
  bool fine = spec.kind == OptionSpec::Kind::text;
  if (spec.kind == OptionSpec::Kind::duration) {
    const Duration parsed = PLUMB_TRY(api::parse_duration(text));
    fine = parsed >= Duration::zero();
  } else if (spec.kind == OptionSpec::Kind::number) {
    fine = parse_int(text).value_or(-1) >= 0;
  }
  if (!fine) return fail(Code::invalid_argument, "\"" + text + "\" is no " + (spec.kind == OptionSpec::Kind::duration ? "duration" : "number") + " from zero up");
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
