#include "reference/api/types/corev1.h"
#include "reference/resources/pods/pod_create.h"
#include "reference/resources/pods/pod_row.h"
#include "reference/resources/pods/pod_update.h"
#include "reference/resources/podspec/qos.h"
#include "reference/resources/podspec/validate.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

using PodContainers = api::List<corev1::Container>;

void default_requests(PodContainers& containers) {
  for (auto& container : containers)
    for (const auto& [name, limit] : container.resources.limits)
      if (!container.resources.requests.contains(name)) container.resources.requests.set(name, limit);
}
void default_host_ports(PodContainers& containers) {
  for (auto& container : containers)
    for (auto& port : container.ports)
      if (!port.hostPort) port.hostPort = port.containerPort;
}

class Pods final : public Typed<corev1::Pod> {
 public:
  Pods() : Typed(Names{"pods", "pod", {"po"}, {"all"}, true}) {}
  std::vector<std::string_view> subresources() const override {
    return {"attach", "binding", "ephemeralcontainers", "eviction", "exec", "log", "portforward", "proxy", "resize"};
  }
  bool graceful_deletion() const override { return true; }
  std::vector<std::string_view> selectable_field_names() const override {
    return {"spec.nodeName",  "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
            "spec.hostNetwork", "status.phase",     "status.podIP",       "status.nominatedNodeName"};
  }
  std::vector<Column> columns() const override { return pod_columns(); }

 protected:
  void defaults(corev1::Pod& pod) const override {
    default_requests(pod.spec.containers);
    default_requests(pod.spec.initContainers);
    if (!pod.spec.enableServiceLinks) pod.spec.enableServiceLinks = true;
    if (!pod.spec.hostNetwork) return;
    default_host_ports(pod.spec.containers);
    default_host_ports(pod.spec.initContainers);
  }
  void on_create(corev1::Pod& pod) const override {
    pod.status.phase = "Pending";
    pod.status.qosClass = compute_qos(pod.spec);
    show_gates(pod);
    merge_label_keys(pod);
  }
  void on_status_update(corev1::Pod& next, const corev1::Pod& previous) const override {
    if (next.status.qosClass.empty()) next.status.qosClass = previous.status.qosClass;
  }
  void on_subresource_update(std::string_view subresource, corev1::Pod& next, const corev1::Pod& previous) const override {
    if (subresource == "ephemeralcontainers") keep_all_but_ephemeral_containers(next, previous);
    if (subresource == "resize") keep_all_but_resources(next, previous);
  }
  void check_subresource_update(std::string_view subresource, const corev1::Pod& next, const corev1::Pod& previous, FieldErrors& errors) const override {
    if (subresource == "ephemeralcontainers") check_ephemeral_containers_update(next, previous, errors);
    if (subresource == "resize") {
      check(next, errors);
      check_resize(next, previous, errors);
    }
  }
  void check(const corev1::Pod& pod, FieldErrors& errors) const override { check_pod_spec(pod.spec, FieldPath("spec"), errors); }
  void check_update(const corev1::Pod& next, const corev1::Pod& previous, FieldErrors& errors) const override {
    check_pod_update(next, previous, errors);
  }
  void check_status_update(const corev1::Pod& next, const corev1::Pod& previous, FieldErrors& errors) const override {
    check_pod_status_update(next, previous, errors);
  }
  std::vector<Cell> cells(const corev1::Pod& pod, WallTime now) const override { return pod_row(pod, now); }
  std::vector<SelectableField> fields_of(const corev1::Pod& pod) const override {
    return {{"spec.nodeName", pod.spec.nodeName.str()},
            {"spec.restartPolicy", pod.spec.restartPolicy.str()},
            {"spec.schedulerName", pod.spec.schedulerName.str()},
            {"spec.serviceAccountName", pod.spec.serviceAccountName.str()},
            {"spec.hostNetwork", pod.spec.hostNetwork ? "true" : "false"},
            {"status.phase", pod.status.phase.str()},
            {"status.podIP", pod.status.podIP.str()},
            {"status.nominatedNodeName", pod.status.nominatedNodeName.str()}};
  }
};

const Registered<Resource> registered_pods{"pods", [] { return std::make_unique<Pods>(); }};

}  // namespace
}  // namespace plumb::resources
