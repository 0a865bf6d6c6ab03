// The controller "root-ca-certificate-publisher-controller": every namespace has a config map kube-root-ca.crt with the certificates that
// the API server is verified with. Option "root-ca-pem" holds them; without it the controller does nothing.
#include "reference/api/types/corev1.h"
#include "reference/controllers/framework/controller.h"

namespace plumb::controllers::rootca {

namespace {

using NamespacePtr = std::shared_ptr<const corev1::Namespace>;
using ConfigMapPtr = std::shared_ptr<const corev1::ConfigMap>;

constexpr std::string_view map_name = "kube-root-ca.crt", entry_name = "ca.crt", description_annotation = "kubernetes.io/description";
constexpr std::string_view description = "CA certificates that verify this cluster's API server from within the cluster";

void fill(corev1::ConfigMap& map, const std::string& certificates) {
  map.data.clear();
  map.data.set(entry_name, api::Str(certificates));
  map.metadata.annotations.set(description_annotation, api::Str(description));
}

Plan decide(const NamespacePtr& home, const ConfigMapPtr& existing, const std::string& certificates) {
  Plan plan;
  if (certificates.empty() || !home || home->status.phase == corev1::NamespaceTerminating) return plan;
  if (!existing) {
    auto map = std::make_shared<corev1::ConfigMap>();
    map->metadata.name = map_name;
    map->metadata.namespace_ = home->metadata.name;
    fill(*map, certificates);
    plan.act(informer::create_request(map)).accept = {"AlreadyExists", "NotFound"};
    return plan;
  }
  if (existing->data.size() == 1 && existing->data.get(entry_name) == certificates && existing->metadata.annotations.contains(description_annotation))
    return plan;
  auto map = std::static_pointer_cast<corev1::ConfigMap>(api::clone(*existing));
  fill(*map, certificates);
  plan.act(informer::update_request(map));
  return plan;
}

class RootCaPublisher final : public Controller {
 public:
  std::string component() const override { return "root-ca-cert-publisher"; }
  std::string queue_name() const override { return "root_ca_cert_publisher"; }
  std::vector<apiserver::Grant> grants() const override {
    return {{"create,update", "core", "configmaps"},
            apiserver::records_events};
  }

  void watch(Watches& watches) override {
    certificates_ = watches.options.text("root-ca-pem", {});
    namespaces_ = watches.watch_keys<corev1::Namespace>();
    maps_ = watches.watch<corev1::ConfigMap>([&watches](const ConfigMapPtr& before, const ConfigMapPtr& after) {
      const ConfigMapPtr& map = after ? after : before;
      if (before && map->metadata.name == map_name) watches.queue.add(map->metadata.namespace_);
    });
  }

  Plan reconcile(const std::string& key, const Now&) override { return decide(namespaces_.get(key), maps_.get(key, map_name), certificates_); }

 private:
  std::string certificates_;
  informer::Lister<corev1::Namespace> namespaces_;
  informer::Lister<corev1::ConfigMap> maps_;
};

const Registered<Controller> registered{"root-ca-certificate-publisher-controller", [] { return std::make_unique<RootCaPublisher>(); }};

}  // namespace

}  // namespace plumb::controllers::rootca
