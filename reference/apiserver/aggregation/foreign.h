// The group versions that other servers serve for this one: what proxying and discovery look up. Immutable, made anew at every change.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/net/http.h"
#include "reference/api/doc/document.h"
#include "reference/api/types/apiregistrationv1.h"

namespace plumb::apiserver {

struct ForeignVersion {
  std::shared_ptr<const apiregistrationv1::APIService> service;
  bool available = false;
  std::vector<net::Endpoint> endpoints;
  api::Doc resources;  // the APIResourceList it last gave; null: it never did

  std::string group() const { return service->spec.group.str(); }
  std::string version() const { return service->spec.version.str(); }
  friend bool operator==(const ForeignVersion& a, const ForeignVersion& b) {
    return a.service == b.service && a.available == b.available && a.resources.same(b.resources) &&
           std::equal(a.endpoints.begin(), a.endpoints.end(), b.endpoints.begin(), b.endpoints.end(),
                      [](const net::Endpoint& x, const net::Endpoint& y) { return x.text() == y.text(); });
  }
};

// By group and version: "metrics.k8s.io/v1beta1".
using ForeignTable = std::map<std::string, ForeignVersion, std::less<>>;
using ForeignPtr = std::shared_ptr<const ForeignTable>;  // never nullptr
// Asked at every request, from any thread.
using ForeignSource = std::function<ForeignPtr()>;

// Those of a group, the preferred version first.
std::vector<const ForeignVersion*> versions_of(const ForeignTable& table, std::string_view group);

}  // namespace plumb::apiserver
