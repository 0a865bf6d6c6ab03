// What the node's pods refer to. ConfigMaps, Secrets and claims are read when first needed, then kept current by a watch on that one object, as the
// Node authorizer allows; persistent volumes, the pod's node and tokens of service accounts are asked for. Safe from any thread; reading may block.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "reference/informer/informer.h"
#include "reference/kubelet/pod_state.h"

namespace plumb::kubelet {

class ReferencedObjects {
 public:
  // `changed` is called after a change of something a pod uses, on a thread of the client: it must be short.
  ReferencedObjects(informer::Client& client, Clock& clock, std::function<void()> changed);

  // From now on the pod's references are watched; idempotent. release() ends that.
  void use(const corev1::Pod& pod);
  void release(const corev1::Pod& pod);

  // nullptr when there is none.
  Result<std::shared_ptr<const corev1::ConfigMap>> config_map(std::string_view namespace_, std::string_view name);
  Result<std::shared_ptr<const corev1::Secret>> secret(std::string_view namespace_, std::string_view name);
  Result<std::shared_ptr<const corev1::PersistentVolumeClaim>> claim(std::string_view namespace_, std::string_view name);
  Result<std::shared_ptr<const corev1::PersistentVolume>> persistent_volume(std::string_view name);
  Result<std::shared_ptr<const corev1::Node>> node(std::string_view name);

  // A token bound to the pod, kept until four fifths of its life are over.
  Result<std::string> token(const corev1::Pod& pod, std::string_view audience, std::int64_t expiration_seconds);

 private:
  struct Key {
    const informer::Resource* resource;
    std::string namespace_, name;
    auto operator<=>(const Key&) const = default;
  };
  struct Entry {
    std::set<std::string> users;  // UIDs of pods
    std::shared_ptr<informer::Informer> informer;
  };
  struct Token {
    std::string text;
    WallTime renew_at;
  };
  Result<informer::ObjectPtr> read(const informer::Resource& resource, std::string_view namespace_, std::string_view name);
  static std::vector<Key> references(const corev1::Pod& pod);

  informer::Client& client_;
  Clock& clock_;
  const std::function<void()> changed_;
  std::mutex mutex_;
  std::map<Key, Entry> entries_;         // under mutex_
  std::map<std::string, Token> tokens_;  // by pod UID, audience and life; under mutex_
};

}  // namespace plumb::kubelet
