// Quota of pods: their number, what they request, and what they are limited to, while they have not ended.
#include <algorithm>

#include "reference/resources/podspec/pod_amounts.h"
#include "reference/resources/podspec/qos.h"
#include "reference/resources/resourcequotas/evaluator.h"
#include "reference/resources/resourcequotas/quota_names.h"

namespace plumb::resources::quota {
namespace {

const corev1::Pod& pod_of(const api::Object& object) { return static_cast<const corev1::Pod&>(object); }

bool is_terminating(const corev1::Pod& pod) { return pod.spec.activeDeadlineSeconds && *pod.spec.activeDeadlineSeconds >= 0; }

// Still uses what it asked for. One that is being deleted, on a node that does not answer, is not charged for ever.
bool is_charged(const corev1::Pod& pod, WallTime now) {
  if (pod.status.phase == corev1::PodFailed || pod.status.phase == corev1::PodSucceeded) return false;
  if (!pod.metadata.deletionTimestamp || !pod.metadata.deletionGracePeriodSeconds) return true;
  return now <= pod.metadata.deletionTimestamp.wall() + std::chrono::seconds(*pod.metadata.deletionGracePeriodSeconds);
}

template <class Terms, class TermOf>
bool any_leaves(const Terms& terms, TermOf term_of) {
  return std::any_of(terms.begin(), terms.end(), [&](const auto& each) {
    const corev1::PodAffinityTerm& term = term_of(each);
    return !term.namespaces.empty() || term.namespaceSelector;
  });
}

template <class Affinity>
bool leaves_namespace(const api::Box<Affinity>& affinity) {
  const auto required = [](const corev1::PodAffinityTerm& term) -> const corev1::PodAffinityTerm& { return term; };
  const auto preferred = [](const corev1::WeightedPodAffinityTerm& term) -> const corev1::PodAffinityTerm& { return term.podAffinityTerm; };
  return affinity && (any_leaves(affinity->requiredDuringSchedulingIgnoredDuringExecution, required) ||
                      any_leaves(affinity->preferredDuringSchedulingIgnoredDuringExecution, preferred));
}

// The names under which a pod of these requests and limits is charged.
Amounts charges(const Amounts& requests, const Amounts& limits) {
  Amounts charged{{"pods", api::Quantity::of(1)}};
  for (const auto& [name, amount] : requests) {
    const bool compute = is_compute(name), huge = is_huge_page(name);
    if (compute || huge) charged[name] = amount;
    if (compute || huge || is_quota_extended(name)) charged["requests." + name] = amount;
  }
  for (const auto& [name, amount] : limits)
    if (is_compute(name)) charged["limits." + name] = amount;
  return charged;
}

class Pods final : public Evaluator {
 public:
  bool handles(const Change& change) const override {
    if (change.subresource == "resize") return change.old;
    if (!change.subresource.empty()) return false;
    return !change.old || is_terminating(pod_of(*change.object)) != is_terminating(pod_of(*change.old));
  }

  bool tracks(std::string_view name) const override {
    static const Names known{"count/pods", "pods",
                             "cpu", "memory", "ephemeral-storage",
                             "requests.cpu", "requests.memory", "requests.ephemeral-storage",
                             "limits.cpu", "limits.memory", "limits.ephemeral-storage"};
    if (known.contains(name) || is_huge_page(name)) return true;
    if (!name.starts_with("requests.")) return false;
    const std::string_view requested = name.substr(std::string_view("requests.").size());
    return is_huge_page(requested) || !is_native(name) || is_device_class(requested);
  }

  Amounts usage(const api::Object& object, WallTime now) const override {
    const corev1::Pod& pod = pod_of(object);
    Amounts amounts{{"count/pods", api::Quantity::of(1)}};
    if (is_charged(pod, now)) add(amounts, charges(pod_requests(pod, PodAmounts::in_use), pod_limits(pod, PodAmounts::in_use)));
    return amounts;
  }

  bool in_scope(const api::Object& object, const corev1::ScopedResourceSelectorRequirement& requirement) const override {
    const corev1::Pod& pod = pod_of(object);
    const api::Str& scope = requirement.scopeName;
    if (scope == corev1::ResourceQuotaScopeTerminating) return is_terminating(pod);
    if (scope == corev1::ResourceQuotaScopeNotTerminating) return !is_terminating(pod);
    if (scope == corev1::ResourceQuotaScopeBestEffort) return compute_qos(pod.spec) == "BestEffort";
    if (scope == corev1::ResourceQuotaScopeNotBestEffort) return compute_qos(pod.spec) != "BestEffort";
    if (scope == corev1::ResourceQuotaScopeCrossNamespacePodAffinity)
      return pod.spec.affinity && (leaves_namespace(pod.spec.affinity->podAffinity) || leaves_namespace(pod.spec.affinity->podAntiAffinity));
    if (scope != corev1::ResourceQuotaScopePriorityClass) return false;
    std::set<std::string_view> classes;
    if (!pod.spec.priorityClassName.empty()) classes.insert(pod.spec.priorityClassName.view());
    return selects(requirement, classes);
  }

  // Once cpu or memory are limited, every container has to ask for them, unless the pod does so as a whole.
  std::string unsaid(const api::Object& object, const Names& restricted) const override {
    static const Names to_say{"cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"};
    const corev1::PodSpec& spec = pod_of(object).spec;
    if (spec.resources && (!spec.resources->requests.empty() || !spec.resources->limits.empty())) return {};
    std::map<std::string, Names> missing;
    for (const auto* containers : {&spec.containers, &spec.initContainers}) {
      for (const corev1::Container& container : *containers) {
        const Amounts said = charges(amounts_of(container.resources.requests), amounts_of(container.resources.limits));
        for (const std::string& name : restricted)
          if (to_say.contains(name) && !said.contains(name)) missing[name].insert(container.name.str());
      }
    }
    std::string text;
    for (const auto& [name, containers] : missing) {
      text.append(text.empty() ? "must specify " : "; ").append(name).append(" for: ");
      for (const std::string& container : containers) text.append(&container == &*containers.begin() ? "" : ",").append(container);
    }
    return text;
  }

  bool frees(const api::Object& before, const api::Object& after, WallTime now) const override {
    const corev1::Pod &was = pod_of(before), &is = pod_of(after);
    if (is_charged(was, now) != is_charged(is, now) || is_terminating(was) != is_terminating(is)) return true;
    return usage(before, now) != usage(after, now);
  }
};

}  // namespace

const Evaluator& pods() {
  static const Pods evaluator;
  return evaluator;
}

}  // namespace plumb::resources::quota
