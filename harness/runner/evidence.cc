#include "harness/runner/evidence.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace plumb::harness {
namespace {

using client::Json;
using client::Resource;

const std::vector<Resource> gathered{{"v1", "pods", ""},          {"v1", "configmaps", ""},        {"v1", "secrets", ""},
                                     {"v1", "services", ""},      {"v1", "serviceaccounts", ""},   {"v1", "resourcequotas", ""},
                                     {"apps/v1", "deployments", ""}, {"apps/v1", "replicasets", ""}, {"apps/v1", "controllerrevisions", ""},
                                     {"apps/v1", "statefulsets", ""}, {"apps/v1", "daemonsets", ""}, {"batch/v1", "jobs", ""}, {"batch/v1", "cronjobs", ""},
                                     {"autoscaling/v2", "horizontalpodautoscalers", ""}, {"policy/v1", "poddisruptionbudgets", ""},
                                     {"v1", "persistentvolumeclaims", ""}, {"discovery.k8s.io/v1", "endpointslices", ""}};
constexpr int max_logs = 50;

class Gatherer {
 public:
  Gatherer(client::Client& client, std::string space, std::string folder) : client_(client), space_(std::move(space)), folder_(std::move(folder)) {}

  std::vector<std::string> gather() {
    std::error_code ignored;
    std::filesystem::create_directories(folder_, ignored);
    objects();
    note(list({"v1", "events", space_}), [&](const Json& events) { write("events.json", events["items"].dump(1)); });
    note(client_.version(), [&](const Json& version) { write("version.json", version.dump(1)); });
    if (!problems_.empty()) write("problems.txt", problems_);
    return files_;
  }

 private:
  Result<Json> list(const Resource& resource) { return client_.list(resource, {{"limit", "500"}}); }

  template <class Use>
  void note(const Result<Json>& result, const Use& use) {
    if (result.ok()) use(*result);
    else problems_ += result.error().message + "\n";
  }

  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << text << "\n";
    files_.push_back(name);
  }

  void objects() {
    Json all = Json::array();
    note(client_.get({"v1", "namespaces"}, space_), [&](const Json& found) { all.push_back(found); });
    for (Resource resource : gathered) {
      resource.space = space_;
      const auto listed = list(resource);
      if (!listed.ok() && listed.error().code == Code::not_found) continue;  // older servers do not serve all
      note(listed, [&](const Json& found) {
        for (Json item : found["items"].is_array() ? found["items"] : Json::array()) {
          if (resource.plural == "secrets") item.erase("data");
          if (resource.plural == "pods") logs(item);
          item["kind"] = resource.plural;
          all.push_back(std::move(item));
        }
      });
    }
    write("objects.json", all.dump(1, ' ', false, Json::error_handler_t::replace));
  }

  void logs(const Json& pod) {
    const std::string name = pod["metadata"].value("name", "");
    for (const Json& container : pod["spec"].value("containers", Json::array())) {
      if (pod["spec"].value("nodeName", "").empty() || ++logs_ > max_logs) return;
      const std::string which = container.value("name", "");
      auto text = client_.logs(space_, name, {{"container", which}, {"tailLines", "500"}});
      if (text.ok()) write(name + "." + which + ".log", *text);
      else problems_ += text.error().message + "\n";
    }
  }

  client::Client& client_;
  const std::string space_, folder_;
  std::vector<std::string> files_;
  std::string problems_;
  int logs_ = 0;
};

}  // namespace

std::vector<std::string> gather_evidence(client::Client& client, const std::string& space, const std::string& folder) {
  return Gatherer(client, space, folder).gather();
}

}  // namespace plumb::harness
