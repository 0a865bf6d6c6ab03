#include "reference/resources/horizontalpodautoscalersv1/behavior.h"

#include <algorithm>
#include <limits>

#include "reference/api/doc/document.h"
#include "reference/api/text/quantity.h"

namespace plumb::resources {
namespace {

using api::Doc;
using autoscalingv2::HPAScalingPolicy;
using autoscalingv2::HPAScalingRules;

std::string text(std::string_view value) { return Doc(value).to_json(); }

std::string policies_text(const api::List<HPAScalingPolicy>& policies) {
  if (policies.empty()) return "null";
  std::string out;
  for (const HPAScalingPolicy& policy : policies)
    out += (out.empty() ? "[" : ",") + std::string("{\"Type\":") + text(policy.type) + ",\"Value\":" + std::to_string(policy.value) +
           ",\"PeriodSeconds\":" + std::to_string(policy.periodSeconds) + "}";
  return out + "]";
}

std::string rules_text(const HPAScalingRules* rules) {
  if (!rules) return "null";
  const auto& window = rules->stabilizationWindowSeconds;
  return "{\"StabilizationWindowSeconds\":" + (window ? std::to_string(*window) : "null") +
         ",\"SelectPolicy\":" + (rules->selectPolicy ? text(*rules->selectPolicy) : "null") + ",\"Policies\":" + policies_text(rules->policies) +
         ",\"Tolerance\":" + (rules->tolerance ? text(rules->tolerance.text) : "null") + "}";
}

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

// Go's reader takes names in any case.
const Doc& member(const Doc& object, std::string_view name) {
  static const Doc none;
  for (const auto& each : object.members())
    if (same_name(each.name(), name)) return each.value;
  return none;
}

// What does not fit the type makes the whole text malformed.
struct Parser {
  bool ok = true;

  bool expect(bool holds) { return ok = ok && holds, holds; }
  std::int32_t number(const Doc& value) {
    const std::int64_t wide = value.as_int();
    const bool fits = value.kind() == Doc::Kind::integer && wide >= std::numeric_limits<std::int32_t>::min() && wide <= std::numeric_limits<std::int32_t>::max();
    return expect(fits) ? static_cast<std::int32_t>(wide) : 0;
  }
  std::string_view string(const Doc& value) { return expect(value.is_string()) ? value.as_string() : std::string_view(); }

  HPAScalingPolicy policy(const Doc& value) {
    HPAScalingPolicy made;
    if (!expect(value.is_object())) return made;
    if (const Doc& type = member(value, "Type"); !type.is_null()) made.type = string(type);
    if (const Doc& amount = member(value, "Value"); !amount.is_null()) made.value = number(amount);
    if (const Doc& period = member(value, "PeriodSeconds"); !period.is_null()) made.periodSeconds = number(period);
    return made;
  }
  void rules(const Doc& value, api::Box<HPAScalingRules>& out) {
    if (value.is_null() || !expect(value.is_object())) return;
    HPAScalingRules& made = out.ensure();
    if (const Doc& window = member(value, "StabilizationWindowSeconds"); !window.is_null()) made.stabilizationWindowSeconds = number(window);
    if (const Doc& select = member(value, "SelectPolicy"); !select.is_null()) made.selectPolicy = string(select);
    if (const Doc& tolerance = member(value, "Tolerance"); !tolerance.is_null()) {
      const auto canonical = api::canonical_quantity(string(tolerance));
      if (expect(canonical.ok())) made.tolerance = api::QuantityText(*canonical);
    }
    const Doc& policies = member(value, "Policies");
    if (policies.is_null() || !expect(policies.is_array())) return;
    for (const Doc& each : policies.items()) made.policies.push_back(policy(each));
  }
};

}  // namespace

std::string behavior_text(const autoscalingv2::HorizontalPodAutoscalerBehavior& behavior) {
  return "{\"ScaleUp\":" + rules_text(behavior.scaleUp.get()) + ",\"ScaleDown\":" + rules_text(behavior.scaleDown.get()) + "}";
}

std::optional<autoscalingv2::HorizontalPodAutoscalerBehavior> parse_behavior(std::string_view text) {
  const auto doc = api::parse_json(text);
  if (!doc.ok() || !doc->is_object()) return std::nullopt;
  Parser parser;
  autoscalingv2::HorizontalPodAutoscalerBehavior behavior;
  parser.rules(member(*doc, "ScaleUp"), behavior.scaleUp);
  parser.rules(member(*doc, "ScaleDown"), behavior.scaleDown);
  if (!parser.ok || (!behavior.scaleUp && !behavior.scaleDown)) return std::nullopt;
  return behavior;
}

}  // namespace plumb::resources
