#include "reference/scheduler/pod_terms.h"

#include <algorithm>

#include "reference/resources/shared/label_selector.h"

namespace plumb::scheduler {

namespace {

PodTerm term_of(const corev1::PodAffinityTerm& term, const corev1::Pod& pod, std::int32_t weight) {
  PodTerm made;
  PodMatcher& pods = made.pods;
  if (term.namespaces.empty() && !term.namespaceSelector) pods.namespaces.push_back(pod.metadata.namespace_);
  pods.namespaces.insert(pods.namespaces.end(), term.namespaces.begin(), term.namespaces.end());
  std::sort(pods.namespaces.begin(), pods.namespaces.end());
  pods.namespace_selector = resources::to_selector(term.namespaceSelector);
  pods.by_namespace_labels = term.namespaceSelector && !pods.namespace_selector.everything();
  pods.selector = resources::to_selector(term.labelSelector);
  made.topology_key = term.topologyKey;
  made.weight = weight;
  made.id = std::to_string(weight) + " " + term.topologyKey.str() + " " + pods.text();
  return made;
}

template <class Affinity>
void collect(const api::Box<Affinity>& affinity, const corev1::Pod& pod, std::vector<PodTerm>& required, std::vector<PodTerm>& preferred) {
  if (!affinity) return;
  for (const auto& term : affinity->requiredDuringSchedulingIgnoredDuringExecution) required.push_back(term_of(term, pod, 0));
  for (const auto& term : affinity->preferredDuringSchedulingIgnoredDuringExecution) preferred.push_back(term_of(term.podAffinityTerm, pod, term.weight));
}

// to_string() gives the same for everything and nothing.
std::string text_of(const api::LabelSelector& selector) {
  if (!selector.requirements().empty()) return selector.to_string();
  return selector.everything() ? "*" : "-";
}

}  // namespace

bool PodMatcher::matches(const corev1::Pod& pod, const api::Map<api::Str>* namespace_labels) const {
  static const api::Map<api::Str> none;
  const bool here = std::binary_search(namespaces.begin(), namespaces.end(), pod.metadata.namespace_) || namespace_selector.everything() ||
                    (by_namespace_labels && resources::matches(namespace_selector, namespace_labels ? *namespace_labels : none));
  return here && resources::matches(selector, pod.metadata.labels);
}

std::string PodMatcher::text() const {
  std::string text;
  for (const api::Str& name : namespaces) text += name.str() + ",";
  return text + " " + text_of(namespace_selector) + " " + text_of(selector);
}

std::unique_ptr<const PodTerms> PodTerms::of(const corev1::Pod& pod) {
  const auto& affinity = pod.spec.affinity;
  if (!affinity || (!affinity->podAffinity && !affinity->podAntiAffinity)) return nullptr;
  auto terms = std::make_unique<PodTerms>();
  collect(affinity->podAffinity, pod, terms->required, terms->preferred);
  collect(affinity->podAntiAffinity, pod, terms->anti_required, terms->anti_preferred);
  return terms;
}

}  // namespace plumb::scheduler
