// What to do with one object, given what its owners and dependents are. Upstream's behaviour in pkg/controller/garbagecollector.
#pragma once

#include <memory>
#include <vector>

#include "reference/controllers/framework/plan.h"
#include "reference/controllers/garbagecollector/graph.h"

namespace plumb::controllers::garbagecollector {

enum class OwnerState {
  solid,    // there, or nobody can say that it is not
  waiting,  // being deleted in the foreground: waits for its dependents
  absent,   // the API has confirmed that there is no such object
};

struct Dependent {
  ObjectPtr object;
  const informer::Resource* resource = nullptr;
};

struct Observed {
  ObjectPtr object;  // as the API has it now
  const informer::Resource* resource = nullptr;
  std::vector<OwnerState> owners;  // by index of ownerReferences
  std::vector<Dependent> dependents;
};

// - An object whose owners are all absent, or wait for it, is deleted: in the foreground when it has dependents of its own and an owner waits.
// - With some owner left, the references to the others are removed.
// - An object that waits for its dependents goes when none that blocks it is left.
// - An object that orphans its dependents goes when they no longer name it.
Plan decide(const Observed& observed);

}  // namespace plumb::controllers::garbagecollector
