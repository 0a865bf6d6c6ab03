#include "reference/kubelet/referenced_objects.h"

#include <algorithm>

#include "reference/api/types/authenticationv1.h"
#include "reference/resources/persistentvolumeclaims/pod_claims.h"

namespace plumb::kubelet {
namespace {

const informer::Resource& config_maps() { return informer::resource_of<corev1::ConfigMap>(); }
const informer::Resource& secrets() { return informer::resource_of<corev1::Secret>(); }
const informer::Resource& claims() { return informer::resource_of<corev1::PersistentVolumeClaim>(); }

}  // namespace

ReferencedObjects::ReferencedObjects(informer::Client& client, Clock& clock, std::function<void()> changed)
    : client_(client), clock_(clock), changed_(std::move(changed)) {}

std::vector<ReferencedObjects::Key> ReferencedObjects::references(const corev1::Pod& pod) {
  std::vector<Key> keys;
  const auto add = [&](const informer::Resource& resource, const api::Str& name) {
    if (!name.empty()) keys.push_back({&resource, pod.metadata.namespace_.str(), name.str()});
  };
  for (const auto* list : {&pod.spec.initContainers, &pod.spec.containers})
    for (const auto& container : *list) {
      for (const auto& from : container.envFrom) {
        if (from.configMapRef) add(config_maps(), from.configMapRef->localObjectReference.name);
        if (from.secretRef) add(secrets(), from.secretRef->localObjectReference.name);
      }
      for (const auto& env : container.env) {
        if (!env.valueFrom) continue;
        if (env.valueFrom->configMapKeyRef) add(config_maps(), env.valueFrom->configMapKeyRef->localObjectReference.name);
        if (env.valueFrom->secretKeyRef) add(secrets(), env.valueFrom->secretKeyRef->localObjectReference.name);
      }
    }
  for (const auto& volume : pod.spec.volumes) {
    const auto& source = volume.volumeSource;
    if (source.configMap) add(config_maps(), source.configMap->localObjectReference.name);
    if (source.secret) add(secrets(), source.secret->secretName);
    if (!source.projected) continue;
    for (const auto& part : source.projected->sources) {
      if (part.configMap) add(config_maps(), part.configMap->localObjectReference.name);
      if (part.secret) add(secrets(), part.secret->localObjectReference.name);
    }
  }
  for (const auto& claim : resources::claims_of(pod)) add(claims(), api::Str(claim.name));
  for (const auto& secret : pod.spec.imagePullSecrets) add(secrets(), secret.name);
  return keys;
}

void ReferencedObjects::use(const corev1::Pod& pod) {
  for (const auto& key : references(pod)) {
    std::shared_ptr<informer::Informer> fresh;
    {
      std::lock_guard lock(mutex_);
      auto& entry = entries_[key];
      entry.users.insert(pod.metadata.uid.str());
      if (entry.informer) continue;
      const informer::Scope scope{key.namespace_, "", "metadata.name=" + key.name};
      entry.informer = fresh = std::make_shared<informer::Informer>(client_, clock_, *key.resource, scope);
    }
    fresh->add_handler([this](const informer::ObjectPtr&, const informer::ObjectPtr&) { changed_(); });
    fresh->start();
  }
}

void ReferencedObjects::release(const corev1::Pod& pod) {
  std::vector<std::shared_ptr<informer::Informer>> unused;  // end after the lock is released
  std::lock_guard lock(mutex_);
  const std::string uid = pod.metadata.uid.str();
  for (auto at = entries_.begin(); at != entries_.end();) {
    at->second.users.erase(uid);
    if (at->second.users.empty()) {
      unused.push_back(std::move(at->second.informer));
      at = entries_.erase(at);
    } else {
      ++at;
    }
  }
  std::erase_if(tokens_, [&](const auto& entry) { return entry.first.starts_with(uid + " "); });
}

Result<informer::ObjectPtr> ReferencedObjects::read(const informer::Resource& resource, std::string_view namespace_, std::string_view name) {
  std::shared_ptr<informer::Informer> informer;
  {
    std::lock_guard lock(mutex_);
    const auto found = entries_.find(Key{&resource, std::string(namespace_), std::string(name)});
    if (found != entries_.end()) informer = found->second.informer;
  }
  if (informer && informer->has_synced())
    if (auto object = informer->store().get(informer::object_key(namespace_, name))) return object;
  auto got = client_.call(informer::get_request(resource, namespace_, name));
  if (!got.ok() && (informer::is_not_found(got.error()) || got.error().code == Code::not_found)) return informer::ObjectPtr();
  return got;
}

Result<std::shared_ptr<const corev1::ConfigMap>> ReferencedObjects::config_map(std::string_view namespace_, std::string_view name) {
  return api::as<corev1::ConfigMap>(PLUMB_TRY(read(config_maps(), namespace_, name)));
}

Result<std::shared_ptr<const corev1::Secret>> ReferencedObjects::secret(std::string_view namespace_, std::string_view name) {
  return api::as<corev1::Secret>(PLUMB_TRY(read(secrets(), namespace_, name)));
}

Result<std::shared_ptr<const corev1::PersistentVolumeClaim>> ReferencedObjects::claim(std::string_view namespace_, std::string_view name) {
  return api::as<corev1::PersistentVolumeClaim>(PLUMB_TRY(read(claims(), namespace_, name)));
}

Result<std::shared_ptr<const corev1::PersistentVolume>> ReferencedObjects::persistent_volume(std::string_view name) {
  return api::as<corev1::PersistentVolume>(PLUMB_TRY(read(informer::resource_of<corev1::PersistentVolume>(), "", name)));
}

Result<std::shared_ptr<const corev1::Node>> ReferencedObjects::node(std::string_view name) {
  return api::as<corev1::Node>(PLUMB_TRY(read(informer::resource_of<corev1::Node>(), "", name)));
}

Result<std::string> ReferencedObjects::token(const corev1::Pod& pod, std::string_view audience, std::int64_t expiration_seconds) {
  const std::string key = pod.metadata.uid.str() + " " + std::string(audience) + " " + std::to_string(expiration_seconds);
  const WallTime now = clock_.wall();
  {
    std::lock_guard lock(mutex_);
    const auto found = tokens_.find(key);
    if (found != tokens_.end() && now < found->second.renew_at) return found->second.text;
  }
  auto request = std::make_shared<authenticationv1::TokenRequest>();
  if (!audience.empty()) request->spec.audiences.push_back(audience);
  request->spec.expirationSeconds = expiration_seconds;
  auto& bound = request->spec.boundObjectRef.ensure();
  bound.kind = "Pod";
  bound.apiVersion = "v1";
  bound.name = pod.metadata.name;
  bound.uid = pod.metadata.uid;
  const std::string account = pod.spec.serviceAccountName.empty() ? "default" : pod.spec.serviceAccountName.str();
  const auto answer = api::as<authenticationv1::TokenRequest>(PLUMB_TRY(client_.call(informer::token_request(pod.metadata.namespace_, account, request))));
  if (!answer || answer->status.token.empty())
    return fail(Code::internal, "asking for a token of service account " + account + ": the answer holds none");
  const Duration life = answer->status.expirationTimestamp ? answer->status.expirationTimestamp.wall() - now : Duration(std::chrono::seconds(expiration_seconds));
  std::lock_guard lock(mutex_);
  tokens_[key] = {answer->status.token.str(), now + std::min(life * 4 / 5, Duration(std::chrono::hours(24)))};
  return answer->status.token.str();
}

}  // namespace plumb::kubelet
