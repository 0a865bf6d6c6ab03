// Which pods an autoscaler's selector selects, and which autoscalers select a pod, both without looking at all there are.
#pragma once

#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "reference/api/text/label_selector.h"
#include "reference/api/types/corev1.h"
#include "reference/informer/informer.h"

namespace plumb::controllers::hpa {

// Call once, before pods_of_selector.
void add_label_index(informer::Informer& pods);
std::vector<std::shared_ptr<const corev1::Pod>> pods_of_selector(const informer::Lister<corev1::Pod>& pods, std::string_view namespace_, const api::LabelSelector& selector);

// The selectors of autoscalers, by "namespace/name". Safe from any thread.
class SelectorIndex {
 public:
  void put(const std::string& key, const api::LabelSelector& selector);
  void erase(const std::string& key);
  // Those whose selector matches, in order.
  std::vector<std::string> selecting(std::string_view namespace_, const api::Map<api::Str>& labels) const;

 private:
  struct Entry {
    api::LabelSelector selector;
    std::string text;  // of the selector
    std::string place;
  };
  void remove(const std::string& key);

  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;                        // under mutex_
  std::unordered_map<std::string, std::vector<std::string>> by_place_;  // under mutex_: the keys at one label, or of a namespace
};

}  // namespace plumb::controllers::hpa
