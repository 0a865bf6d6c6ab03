#include <cstdio>
#include <set>

#include "reference/api/types/corev1.h"
#include "reference/resources/podspec/validate.h"
#include "reference/resources/resourcequotas/quota_names.h"
#include "reference/resources/shared/amounts.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

using Texts = api::Map<api::QuantityText>;
constexpr std::int64_t most_milli = INT64_MAX / 1000;  // of what is compared in thousandths

bool is_of_pods(std::string_view type) { return type == corev1::LimitTypePod || type == corev1::LimitTypeContainer; }

void check_type(std::string_view type, const FieldPath& path, FieldErrors& errors) {
  const auto problems = api::check_qualified_name(type);
  check_text(problems, path, type, errors);
  if (problems.empty() && type.find('/') == type.npos && !is_of_pods(type) && type != corev1::LimitTypePersistentVolumeClaim)
    errors.invalid(path, quoted(type), "must be a standard limit type or fully qualified");
}

void check_name(std::string_view type, std::string_view name, const FieldPath& path, FieldErrors& errors) {
  if (is_of_pods(type)) return check_resource_name(name, path, errors);
  const auto problems = api::check_qualified_name(name);
  check_text(problems, path, name, errors);
  if (problems.empty() && name.find('/') == name.npos && name != "storage" && !quota::is_standard(name))
    errors.invalid(path, quoted(name), "must be a standard resource type or fully qualified");
}

std::string with_digits(double ratio) {
  char text[400];
  std::snprintf(text, sizeof text, "%f", ratio);
  return text;
}

// One item of the list: what it says of each resource has to fit together.
class Item {
 public:
  Item(const corev1::LimitRangeItem& item, FieldPath path, FieldErrors& errors) : item_(item), path_(std::move(path)), errors_(errors) {}

  void check() {
    check_type(item_.type, path_.child("type"), errors_);
    check_names();
    for (const std::string& name : names_) check_fit(name);
  }

 private:
  struct Part {
    std::string_view field;
    const api::Quantity* amount = nullptr;
    explicit operator bool() const { return amount; }
    std::string text() const { return amount->to_string(); }
  };

  void check_names() {
    note("max", item_.max, max_);
    note("min", item_.min, min_);
    if (item_.type == corev1::LimitTypePod) {
      if (!item_.default_.empty()) errors_.forbidden(path_.child("default"), "may not be specified when `type` is 'Pod'");
      if (!item_.defaultRequest.empty()) errors_.forbidden(path_.child("defaultRequest"), "may not be specified when `type` is 'Pod'");
    } else {
      note("default", item_.default_, default_);
      note("defaultRequest", item_.defaultRequest, default_request_);
    }
    if (item_.type == corev1::LimitTypePersistentVolumeClaim && !item_.min.contains("storage") && !item_.max.contains("storage"))
      errors_.required(path_.child("limits"), "either minimum or maximum storage value is required, but neither was provided");
    note("maxLimitRequestRatio", item_.maxLimitRequestRatio, ratio_);
  }

  void note(std::string_view field, const Texts& texts, Amounts& amounts) {
    for (const auto& [name, text] : texts) {
      check_name(item_.type, name, path_.child(field).key(name), errors_);
      names_.insert(name.str());
    }
    amounts = amounts_of(texts);
  }

  static Part part(std::string_view field, const Amounts& amounts, const std::string& name) {
    const auto found = amounts.find(name);
    return {field, found == amounts.end() ? nullptr : &found->second};
  }

  void refuse(const Part& at, const std::string& name, const Part& shown, std::string detail) {
    errors_.invalid(path_.child(at.field).key(name), quoted(shown.text()), detail);
  }

  void check_fit(const std::string& name) {
    const Part min = part("min", min_, name), max = part("max", max_, name), limit = part("default", default_, name);
    const Part request = part("defaultRequest", default_request_, name), ratio = part("maxLimitRequestRatio", ratio_, name);
    const auto above = [&](const Part& low, const Part& high) { return low && high && *low.amount > *high.amount; };
    if (above(min, max)) refuse(min, name, min, "min value " + min.text() + " is greater than max value " + max.text());
    if (above(min, request)) refuse(request, name, request, "min value " + min.text() + " is greater than default request value " + request.text());
    if (above(request, max)) refuse(request, name, request, "default request value " + request.text() + " is greater than max value " + max.text());
    if (above(request, limit))
      refuse(request, name, request, "default request value " + request.text() + " is greater than default limit value " + limit.text());
    if (above(min, limit)) refuse(limit, name, min, "min value " + min.text() + " is greater than default value " + limit.text());
    if (above(limit, max)) refuse(limit, name, max, "default value " + limit.text() + " is greater than max value " + max.text());
    if (ratio) check_ratio(name, ratio, min, max);
    const bool overcommits = quota::is_native(name) && !quota::is_huge_page(name);
    if (!overcommits && limit && request && *limit.amount != *request.amount)
      refuse(request, name, request, "default value " + limit.text() + " must equal to defaultRequest value " + request.text() + " in " + name);
  }

  void check_ratio(const std::string& name, const Part& ratio, const Part& min, const Part& max) {
    if (*ratio.amount < api::Quantity::of(1)) refuse(ratio, name, ratio, "ratio " + ratio.text() + " is less than 1");
    if (!min || !max) return;
    const bool fine = min.amount->value() < most_milli && max.amount->value() < most_milli;
    const double low = static_cast<double>(fine ? min.amount->milli_value() : min.amount->value());
    const double possible = static_cast<double>(fine ? max.amount->milli_value() : max.amount->value()) / low;
    if (ratio.amount->approximate() > possible)
      refuse(ratio, name, ratio, "ratio " + ratio.text() + " is greater than max/min = " + with_digits(possible));
  }

  const corev1::LimitRangeItem& item_;
  const FieldPath path_;
  FieldErrors& errors_;
  std::set<std::string> names_;
  Amounts max_, min_, default_, default_request_, ratio_;
};

class LimitRanges final : public Typed<corev1::LimitRange> {
 public:
  LimitRanges() : Typed(Names{"limitranges", "limitrange", {"limits"}, {}, true}) {}

 protected:
  // A container's default limit is its maximum, its default request that limit, else its minimum.
  void defaults(corev1::LimitRange& object) const override {
    for (auto& item : object.spec.limits) {
      if (item.type != corev1::LimitTypeContainer) continue;
      const auto fill = [](Texts& to, const Texts& from) {
        for (const auto& [name, amount] : from)
          if (!to.contains(name)) to.set(name, amount);
      };
      fill(item.default_, item.max);
      fill(item.defaultRequest, item.default_);
      fill(item.defaultRequest, item.min);
    }
  }

  void check(const corev1::LimitRange& object, FieldErrors& errors) const override {
    const FieldPath path = FieldPath("spec").child("limits");
    std::set<std::string_view> types;
    for (std::size_t i = 0; i < object.spec.limits.size(); ++i) {
      const corev1::LimitRangeItem& item = object.spec.limits[i];
      if (!types.insert(item.type.view()).second) errors.duplicate(path.index(i).child("type"), quoted(item.type));
      Item(item, path.index(i), errors).check();
    }
  }
};

const Registered<Resource> registered_limitranges{"limitranges", [] { return std::make_unique<LimitRanges>(); }};

}  // namespace
}  // namespace plumb::resources
