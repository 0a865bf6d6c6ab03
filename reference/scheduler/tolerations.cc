#include "reference/scheduler/tolerations.h"

#include <algorithm>

#include "reference/scheduler/whole_number.h"

namespace plumb::scheduler {

bool tolerates(const corev1::Toleration& toleration, std::string_view key, std::string_view value, std::string_view effect) {
  if (!toleration.effect.empty() && toleration.effect != effect) return false;
  if (!toleration.key.empty() && toleration.key != key) return false;
  const std::string_view op = toleration.operator_;
  if (op.empty() || op == corev1::TolerationOpEqual) return toleration.value == value;
  if (op == corev1::TolerationOpExists) return true;
  const auto mine = whole_number(toleration.value), other = whole_number(value);
  if (!mine || !other) return false;
  if (op == corev1::TolerationOpLt) return *other < *mine;
  if (op == corev1::TolerationOpGt) return *other > *mine;
  return false;
}

bool tolerates(const api::List<corev1::Toleration>& tolerations, std::string_view key, std::string_view value, std::string_view effect) {
  return std::any_of(tolerations.begin(), tolerations.end(),
                     [&](const corev1::Toleration& toleration) { return tolerates(toleration, key, value, effect); });
}

const corev1::Taint* untolerated_hard_taint(const api::List<corev1::Toleration>& tolerations, const corev1::Node& node) {
  for (const corev1::Taint& taint : node.spec.taints) {
    if (taint.effect != corev1::TaintEffectNoSchedule && taint.effect != corev1::TaintEffectNoExecute) continue;
    if (!tolerates(tolerations, taint.key, taint.value, taint.effect)) return &taint;
  }
  return nullptr;
}

}  // namespace plumb::scheduler
