// Admission: what the cluster adds to an object, or refuses, before it is stored. One folder a plugin; it registers itself under
// upstream's name:
//
//   const Registered<AdmissionPlugin> registered_priority{"Priority", [] { return std::make_unique<Priority>(); }};
//
// Plugins run on the thread of the request and must not block: they read the cluster from memory through ClusterView. All mutate()
// run first, in the order of upstream's plugin list, then all validate(), and last all reserve().
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/registry.h"
#include "reference/api/object.h"
#include "reference/apiserver/companions.h"
#include "reference/apiserver/context.h"
#include "reference/apiserver/status.h"
#include "reference/resources/resource.h"

namespace plumb::apiserver {

struct Attributes;

// The objects as the watch cache has them, and what RBAC and the other authorizers make of them.
class ClusterView {
 public:
  virtual ~ClusterView() = default;
  // nullptr when there is none.
  virtual api::ObjectPtr get(const api::TypeInfo& type, std::string_view namespace_, std::string_view name) const = 0;
  // All of a namespace, or of the cluster when it is empty.
  virtual std::vector<api::ObjectPtr> list(const api::TypeInfo& type, std::string_view namespace_) const = 0;

  // Whether authorization allows it.
  virtual bool may(const Attributes& attributes) const = 0;

  template <class T>
  std::shared_ptr<const T> get(std::string_view namespace_, std::string_view name) const {
    return api::as<T>(get(T::info(), namespace_, name));
  }
};

enum class Operation { create, update, remove, connect };

struct AdmissionRequest {
  const RequestContext& context;
  const resources::Resource& resource;
  std::string_view subresource;
  Operation operation = Operation::create;
  std::string_view namespace_, name;  // the name may be empty at creation
  api::Object* object = nullptr;      // what will be stored; nullptr on remove and connect
  const api::Object* old = nullptr;   // what is stored; nullptr on create
  WallTime now = {};
};

using Refusal = std::optional<metav1::Status>;

class AdmissionPlugin {
 public:
  virtual ~AdmissionPlugin() = default;
  // Smaller runs earlier.
  virtual int order() const = 0;
  virtual Refusal mutate(AdmissionRequest&, const ClusterView&) const { return std::nullopt; }
  virtual Refusal validate(const AdmissionRequest&, const ClusterView&) const { return std::nullopt; }
  // Adds what is to be stored with the object. Called again, with a newer view, when any of it or the object has changed before they were
  // stored; a refusal, too, is asked for again once with a view that is certainly new.
  virtual Refusal reserve(const AdmissionRequest&, const ClusterView&, Companions&) const { return std::nullopt; }
};

class AdmissionChain {
 public:
  // Every registered plugin but the disabled ones.
  explicit AdmissionChain(const std::vector<std::string>& disabled = {});
  Refusal mutate(AdmissionRequest& request, const ClusterView& cluster) const;
  Refusal validate(const AdmissionRequest& request, const ClusterView& cluster) const;
  Refusal reserve(const AdmissionRequest& request, const ClusterView& cluster, Companions& companions) const;

 private:
  std::vector<std::unique_ptr<AdmissionPlugin>> plugins_;
};

}  // namespace plumb::apiserver
