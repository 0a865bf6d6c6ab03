#include "reference/controllers/horizontalpodautoscaler/selectors.h"

#include <algorithm>
#include <mutex>

#include "reference/controllers/framework/ownership.h"

namespace plumb::controllers::hpa {
namespace {

constexpr std::string_view by_label = "label";

// Neither names nor labels have a line break.
std::string place_of(std::string_view namespace_, std::string_view key, std::string_view value) {
  return std::string(namespace_) + "\n" + std::string(key) + "\n" + std::string(value);
}

}  // namespace

void add_label_index(informer::Informer& pods) {
  pods.add_index(informer::index::by_namespace, informer::index::namespace_of);
  pods.add_index(by_label, [](const api::Object& object, std::vector<std::string>& values) {
    for (const auto& [key, value] : object.metadata.labels) values.push_back(place_of(object.metadata.namespace_, key, value));
  });
}

std::vector<std::shared_ptr<const corev1::Pod>> pods_of_selector(const informer::Lister<corev1::Pod>& pods, std::string_view namespace_, const api::LabelSelector& selector) {
  std::string_view index = informer::index::by_namespace;
  std::string best(namespace_);
  std::size_t fewest = pods.count_by_index(index, best);
  for (const api::LabelRequirement& requirement : selector.requirements()) {
    const auto value = selector.exact(requirement.key);
    if (!value) continue;
    std::string place = place_of(namespace_, requirement.key, *value);
    const std::size_t count = pods.count_by_index(by_label, place);
    if (count >= fewest) continue;
    fewest = count;
    index = by_label;
    best = std::move(place);
  }
  auto found = pods.by_index(index, best);
  std::erase_if(found, [&](const auto& pod) { return !matches(selector, pod->metadata.labels); });
  return found;
}

void SelectorIndex::put(const std::string& key, const api::LabelSelector& selector) {
  std::string text = selector.to_string();
  {
    std::shared_lock lock(mutex_);
    const auto known = entries_.find(key);
    if (known != entries_.end() && known->second.text == text) return;
  }
  std::string place(informer::split_key(key).namespace_);
  for (const api::LabelRequirement& requirement : selector.requirements()) {
    const auto value = selector.exact(requirement.key);
    if (!value) continue;
    place = place_of(place, requirement.key, *value);
    break;
  }
  std::unique_lock lock(mutex_);
  remove(key);
  by_place_[place].push_back(key);
  entries_.insert_or_assign(key, Entry{selector, std::move(text), std::move(place)});
}

void SelectorIndex::erase(const std::string& key) {
  std::unique_lock lock(mutex_);
  remove(key);
}

void SelectorIndex::remove(const std::string& key) {
  const auto known = entries_.find(key);
  if (known == entries_.end()) return;
  const auto place = by_place_.find(known->second.place);
  std::erase(place->second, key);
  if (place->second.empty()) by_place_.erase(place);
  entries_.erase(known);
}

std::vector<std::string> SelectorIndex::selecting(std::string_view namespace_, const api::Map<api::Str>& labels) const {
  std::vector<std::string> found;
  std::shared_lock lock(mutex_);
  const auto look_at = [&](const std::string& place) {
    const auto there = by_place_.find(place);
    if (there == by_place_.end()) return;
    for (const std::string& key : there->second)
      if (matches(entries_.at(key).selector, labels)) found.push_back(key);
  };
  look_at(std::string(namespace_));
  for (const auto& [key, value] : labels) look_at(place_of(namespace_, key, value));
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace plumb::controllers::hpa
