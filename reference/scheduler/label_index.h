// Finds those of many pod matchers that may match a pod, by what most of them ask for: one label with one value, in one namespace.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "reference/scheduler/pod_terms.h"

namespace plumb::scheduler {

template <class T>
class LabelIndex {
 public:
  void add(const PodMatcher& pods, T* item) {
    const std::optional<View> place = place_of(pods);
    if (place) buckets_[{std::string(place->namespace_), std::string(place->key), std::string(place->value)}].push_back(item);
    else others_.push_back(item);
  }
  void remove(const PodMatcher& pods, T* item) {
    const std::optional<View> place = place_of(pods);
    if (!place) return drop(others_, item);
    const auto found = buckets_.find(*place);
    drop(found->second, item);
    if (found->second.empty()) buckets_.erase(found);
  }
  bool empty() const { return buckets_.empty() && others_.empty(); }
  // Each candidate once.
  template <class Function>
  void each(const corev1::Pod& pod, Function function) const {
    for (T* item : others_) function(*item);
    if (buckets_.empty()) return;
    for (const auto& [key, value] : pod.metadata.labels) {
      visit({pod.metadata.namespace_, key, value}, function);
      visit({everywhere, key, value}, function);
    }
  }

 private:
  static constexpr std::string_view everywhere = "*";  // no namespace has that name
  struct View {
    std::string_view namespace_, key, value;
    friend bool operator==(const View&, const View&) = default;
  };
  struct Place {
    std::string namespace_, key, value;
    operator View() const { return {namespace_, key, value}; }
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const View& view) const {
      const std::hash<std::string_view> hash;
      return (hash(view.value) * 31 + hash(view.key)) * 31 + hash(view.namespace_);
    }
    std::size_t operator()(const Place& place) const { return (*this)(View(place)); }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const View& a, const View& b) const { return a == b; }
  };

  static std::optional<View> place_of(const PodMatcher& pods) {
    const bool one_namespace = pods.namespaces.size() == 1 && !pods.by_namespace_labels && !pods.namespace_selector.everything();
    for (const api::LabelRequirement& one : pods.selector.requirements()) {
      using Op = api::SelectorOperator;
      if (one.values.size() != 1 || (one.op != Op::equals && one.op != Op::double_equals && one.op != Op::in)) continue;
      return View{one_namespace ? pods.namespaces.front().view() : everywhere, one.key, one.values.front()};
    }
    return std::nullopt;
  }
  template <class Function>
  void visit(const View& place, Function& function) const {
    const auto found = buckets_.find(place);
    if (found == buckets_.end()) return;
    for (T* item : found->second) function(*item);
  }
  static void drop(std::vector<T*>& items, T* item) { items.erase(std::find(items.begin(), items.end(), item)); }

  std::unordered_map<Place, std::vector<T*>, Hash, Equal> buckets_;
  std::vector<T*> others_;
};

}  // namespace plumb::scheduler
