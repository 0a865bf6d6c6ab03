#include "reference/apiserver/admission/limit_ranger/limits.h"

#include <cstdio>

#include "reference/resources/podspec/pod_amounts.h"

namespace plumb::apiserver::limits {
namespace {

using resources::Amounts;

constexpr std::string_view annotation = "kubernetes.io/limit-ranger";
constexpr std::int64_t most_milli = INT64_MAX / 1000;  // of what is compared in thousandths

const api::Quantity* find(const Amounts& amounts, const std::string& name) {
  const auto found = amounts.find(name);
  return found == amounts.end() ? nullptr : &found->second;
}

// "cpu, memory request for container c" for what was filled in.
void fill(api::Map<api::QuantityText>& present, const api::Map<api::QuantityText>& defaults, const std::string& what, std::vector<std::string>& notes) {
  std::string names;
  for (const auto& [name, amount] : defaults) {
    if (present.contains(name)) continue;
    present.set(name, amount);
    names += (names.empty() ? "" : ", ") + name.str();
  }
  if (!names.empty()) notes.push_back(names + what);
}

// What is asked for and allowed, of one container or a whole pod.
class Judge {
 public:
  Judge(std::string_view type, Amounts requests, Amounts limits, std::vector<std::string>& found)
      : type_(type), requests_(std::move(requests)), limits_(std::move(limits)), found_(found) {}

  void at_least(const api::Map<api::QuantityText>& minima) {
    for (const auto& [name, least] : resources::amounts_of(minima)) {
      const std::string rule = "minimum " + name + " usage per " + type_ + " is " + least.to_string();
      const api::Quantity *request = find(requests_, name), *limit = find(limits_, name);
      if (!request) found_.push_back(rule + ".  No request is specified");
      else if (*request < least) found_.push_back(rule + ", but request is " + request->to_string());
      else if (limit && *limit < least) found_.push_back(rule + ", but limit is " + limit->to_string());
    }
  }

  void at_most(const api::Map<api::QuantityText>& maxima) {
    for (const auto& [name, most] : resources::amounts_of(maxima)) {
      const std::string rule = maximum(name, most);
      const api::Quantity *request = find(requests_, name), *limit = find(limits_, name);
      if (!limit) found_.push_back(rule + ".  No limit is specified");
      else if (*limit > most) found_.push_back(rule + ", but limit is " + limit->to_string());
      else if (request && *request > most) found_.push_back(rule + ", but request is " + request->to_string());
    }
  }

  // Of what has no limits.
  void requests_at_most(const api::Map<api::QuantityText>& maxima) {
    for (const auto& [name, most] : resources::amounts_of(maxima)) {
      const api::Quantity* request = find(requests_, name);
      if (!request) found_.push_back(maximum(name, most) + ".  No request is specified");
      else if (*request > most) found_.push_back(maximum(name, most) + ", but request is " + request->to_string());
    }
  }

  void ratio_at_most(const api::Map<api::QuantityText>& ratios) {
    for (const auto& [name, most] : resources::amounts_of(ratios)) {
      const std::string rule = name + " max limit to request ratio per " + type_ + " is " + most.to_string() + ", but ";
      const api::Quantity *request = find(requests_, name), *limit = find(limits_, name);
      if (!request || request->is_zero()) found_.push_back(rule + "no request is specified or request is 0");
      else if (!limit || limit->is_zero()) found_.push_back(rule + "no limit is specified or limit is 0");
      else if (const double ratio = ratio_of(*limit, *request); ratio > most.approximate()) found_.push_back(rule + "provided ratio is " + shown(ratio));
    }
  }

 private:
  std::string maximum(const std::string& name, const api::Quantity& most) const {
    return "maximum " + name + " usage per " + type_ + " is " + most.to_string();
  }
  static double ratio_of(const api::Quantity& limit, const api::Quantity& request) {
    const bool fine = limit.value() <= most_milli && request.value() <= most_milli;
    const std::int64_t above = fine ? limit.milli_value() : limit.value(), below = fine ? request.milli_value() : request.value();
    return static_cast<double>(above) / static_cast<double>(below);
  }
  static std::string shown(double ratio) {
    char text[400];
    std::snprintf(text, sizeof text, "%f", ratio);
    return text;
  }

  const std::string type_;
  const Amounts requests_, limits_;
  std::vector<std::string>& found_;
};

void judge(const corev1::LimitRangeItem& item, Judge judge) {
  judge.at_least(item.min);
  judge.at_most(item.max);
  judge.ratio_at_most(item.maxLimitRequestRatio);
}

}  // namespace

void set_defaults(const corev1::LimitRange& range, corev1::Pod& pod) {
  api::Map<api::QuantityText> requests, limits;
  for (const corev1::LimitRangeItem& item : range.spec.limits) {
    if (item.type != corev1::LimitTypeContainer) continue;
    for (const auto& [name, amount] : item.defaultRequest) requests.set(name, amount);
    for (const auto& [name, amount] : item.default_) limits.set(name, amount);
  }
  std::vector<std::string> notes;
  const auto fill_all = [&](api::List<corev1::Container>& containers, const std::string& kind) {
    for (corev1::Container& container : containers) {
      const std::string whose = " for " + kind + " " + container.name.str();
      fill(container.resources.requests, requests, " request" + whose, notes);
      fill(container.resources.limits, limits, " limit" + whose, notes);
    }
  };
  fill_all(pod.spec.containers, "container");
  fill_all(pod.spec.initContainers, "init container");
  if (notes.empty()) return;
  std::string text = "LimitRanger plugin set: ";
  for (const std::string& note : notes) text.append(&note == &notes.front() ? "" : "; ").append(note);
  pod.metadata.annotations.set(annotation, api::Str(text));
}

std::vector<std::string> violations(const corev1::LimitRange& range, const corev1::Pod& pod) {
  std::vector<std::string> found;
  for (const corev1::LimitRangeItem& item : range.spec.limits) {
    if (item.type == corev1::LimitTypeContainer) {
      for (const auto* containers : {&pod.spec.containers, &pod.spec.initContainers})
        for (const corev1::Container& container : *containers)
          judge(item, Judge(item.type, resources::amounts_of(container.resources.requests), resources::amounts_of(container.resources.limits), found));
    } else if (item.type == corev1::LimitTypePod) {
      const auto which = resources::PodAmounts::of_spec;
      judge(item, Judge(item.type, resources::pod_requests(pod, which), resources::pod_limits(pod, which), found));
    }
  }
  return found;
}

std::vector<std::string> violations(const corev1::LimitRange& range, const corev1::PersistentVolumeClaim& claim) {
  std::vector<std::string> found;
  for (const corev1::LimitRangeItem& item : range.spec.limits) {
    if (item.type != corev1::LimitTypePersistentVolumeClaim) continue;
    Judge judge(item.type, resources::amounts_of(claim.spec.resources.requests), {}, found);
    judge.at_least(item.min);
    judge.requests_at_most(item.max);
  }
  return found;
}

}  // namespace plumb::apiserver::limits
