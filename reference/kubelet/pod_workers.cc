#include "reference/kubelet/pod_workers.h"

#include <algorithm>
#include <map>

#include "harness/base/log.h"
#include "reference/kubelet/pod_worker.h"
#include "reference/kubelet/status.h"

namespace plumb::kubelet {
namespace {

// A pod that only the runtime knows any more, as far as its labels tell.
PodPtr pod_from_runtime(const std::string& uid, const Adopted& adopted) {
  auto pod = std::make_shared<corev1::Pod>();
  pod->metadata.uid = uid;
  for (const auto& sandbox : adopted.sandboxes) {
    pod->metadata.name = sandbox.metadata.name;
    pod->metadata.namespace_ = sandbox.metadata.name_space;
  }
  for (const auto& container : adopted.containers) {
    const auto value = [&](const char* key) {
      const auto found = container.labels.find(key);
      return found == container.labels.end() ? std::string() : found->second;
    };
    pod->metadata.name = value(label::kPodName);
    pod->metadata.namespace_ = value(label::kPodNamespace);
    if (std::none_of(pod->spec.containers.begin(), pod->spec.containers.end(), [&](const auto& known) { return known.name == container.name; }))
      pod->spec.containers.emplace_back().name = container.name;
  }
  return pod;
}

}  // namespace

std::shared_ptr<PodWorker> PodWorkers::Core::by_uid(std::string_view uid) const {
  std::lock_guard lock(mutex);
  const auto found = workers.find(std::string(uid));
  return found == workers.end() ? nullptr : found->second;
}
std::shared_ptr<PodWorker> PodWorkers::Core::by_id(const std::string& id) const {
  std::lock_guard lock(mutex);
  const auto found = ids.find(id);
  return found == ids.end() ? nullptr : found->second.lock();
}
void PodWorkers::Core::know(const std::string& id, const std::shared_ptr<PodWorker>& worker) {
  std::lock_guard lock(mutex);
  ids[id] = worker;
}
void PodWorkers::Core::forget(const std::string& id) {
  std::lock_guard lock(mutex);
  ids.erase(id);
}
void PodWorkers::Core::drop(const std::string& uid) {
  std::shared_ptr<PodWorker> last;  // dies after the lock is released
  std::lock_guard lock(mutex);
  const auto found = workers.find(uid);
  if (found == workers.end()) return;
  last = std::move(found->second);
  workers.erase(found);
}
std::vector<std::shared_ptr<PodWorker>> PodWorkers::Core::all() const {
  std::lock_guard lock(mutex);
  std::vector<std::shared_ptr<PodWorker>> result;
  result.reserve(workers.size());
  for (const auto& [uid, worker] : workers) result.push_back(worker);
  return result;
}

PodWorkers::PodWorkers(NodeServices services) : core_(std::make_shared<Core>(std::move(services))) {
  subscription_ = core_->services.runtime.subscribe([weak = std::weak_ptr(core_)](const cri::Event& event) {
    const auto core = weak.lock();
    if (!core || event.id.empty()) return;
    if (const auto worker = core->by_id(event.id)) worker->on_event(event);
  });
}

PodWorkers::~PodWorkers() {
  subscription_.reset();
  std::unordered_map<std::string, std::shared_ptr<PodWorker>> workers;
  std::lock_guard lock(core_->mutex);
  workers.swap(core_->workers);
}

Status PodWorkers::adopt() {
  std::map<std::string, Adopted> by_uid;
  for (auto& sandbox : PLUMB_TRY(core_->services.runtime.list_sandboxes({}))) by_uid[sandbox.metadata.uid].sandboxes.push_back(std::move(sandbox));
  for (auto& container : PLUMB_TRY(core_->services.runtime.list_containers({}))) {
    const auto uid = container.labels.find(label::kPodUid);
    if (uid != container.labels.end()) by_uid[uid->second].containers.push_back(std::move(container));
  }
  for (const auto& [uid, adopted] : by_uid) {
    auto worker = std::make_shared<PodWorker>(core_, pod_from_runtime(uid, adopted), true);
    worker->adopt(adopted);
    std::lock_guard lock(core_->mutex);
    core_->workers.emplace(uid, std::move(worker));
  }
  return {};
}

void PodWorkers::update(PodPtr pod) {
  const std::string uid = pod->metadata.uid.str();
  if (const auto worker = core_->by_uid(uid)) {
    if (!worker->orphan()) return worker->update(std::move(pod));
    return worker->take_over(std::move(pod));
  }
  if (is_terminal(pod->status.phase) && !pod->metadata.deletionTimestamp) return;  // ended under an earlier kubelet, and nothing is left of it
  auto worker = std::make_shared<PodWorker>(core_, pod, false);
  std::vector<PodPtr> others;
  for (const auto& other : core_->all())
    if (other->admitted()) others.push_back(other->pod());
  {
    std::lock_guard lock(core_->mutex);
    core_->workers.emplace(uid, worker);
  }
  const bool judged = pod->metadata.deletionTimestamp || pod->status.phase == "Running";
  const Status fits = judged ? Status() : core_->services.host.admit(*pod, others, nullptr);
  if (fits.ok()) return worker->update(std::move(pod));
  worker->hold();
  auto request = informer::get_request(informer::resource_of<corev1::Node>(), "", core_->services.node_name);
  core_->services.client.send(std::move(request), [weak = std::weak_ptr(core_), worker, pod, others, first = fits](Result<informer::ObjectPtr> result) {
    const auto core = weak.lock();
    if (!core) return;
    const auto node = result.ok() ? api::as<corev1::Node>(*result) : nullptr;
    const Status now = node ? core->services.host.admit(*pod, others, node.get()) : first;
    if (now.ok()) worker->release();
    else worker->reject(now.error().reason, now.error().message);
  });
}

void PodWorkers::removed(const corev1::Pod& pod) {
  if (const auto worker = core_->by_uid(pod.metadata.uid)) worker->removed();
}

void PodWorkers::remove_orphans() {
  for (const auto& worker : core_->all())
    if (worker->orphan()) worker->removed();
}

void PodWorkers::relist() {
  const auto sandboxes = core_->services.runtime.list_sandboxes({});
  const auto containers = core_->services.runtime.list_containers({});
  if (!sandboxes.ok() || !containers.ok()) return log::warning("kubelet", "listing what runs: " + (sandboxes.ok() ? containers : Result<std::vector<cri::Container>>(sandboxes.error())).error().message);
  std::map<std::string, std::vector<cri::Container>> by_uid;
  for (const auto& container : *containers)
    if (const auto uid = container.labels.find(label::kPodUid); uid != container.labels.end()) by_uid[uid->second].push_back(container);
  std::map<std::string, bool> ready;
  for (const auto& sandbox : *sandboxes) ready[sandbox.metadata.uid] |= sandbox.ready;
  for (const auto& worker : core_->all()) {
    const std::string uid = worker->pod()->metadata.uid.str();
    worker->compare(by_uid[uid], ready[uid]);
  }
}

void PodWorkers::retry_waiting() {
  for (const auto& worker : core_->all()) worker->retry_waiting();
}

std::vector<PodPtr> PodWorkers::pods() const {
  std::vector<PodPtr> result;
  for (const auto& worker : core_->all())
    if (!worker->orphan()) result.push_back(worker->pod());
  return result;
}

std::set<std::string> PodWorkers::uids() const {
  std::lock_guard lock(core_->mutex);
  std::set<std::string> result;
  for (const auto& [uid, worker] : core_->workers) result.insert(uid);
  return result;
}

std::optional<PodView> PodWorkers::view(std::string_view namespace_, std::string_view name) const {
  std::optional<PodView> found;
  for (const auto& worker : core_->all()) {
    const PodPtr pod = worker->pod();
    if (worker->orphan() || pod->metadata.namespace_ != namespace_ || pod->metadata.name != name) continue;
    if (!found || found->pod->metadata.deletionTimestamp) found = worker->view();
  }
  return found;
}

std::size_t PodWorkers::size() const {
  std::lock_guard lock(core_->mutex);
  return core_->workers.size();
}

}  // namespace plumb::kubelet
