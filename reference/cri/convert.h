// Between the structs of runtime.h and the messages of cri.proto.
#pragma once

#include "reference/cri/cri.pb.h"
#include "reference/cri/runtime.h"

namespace plumb::cri {

void to_wire(const SandboxConfig& from, wire::SandboxConfig& to);
void to_wire(const ContainerConfig& from, wire::ContainerConfig& to);
void to_wire(const Resources& from, wire::Resources& to);
void to_wire(const SandboxFilter& from, wire::SandboxFilter& to);
void to_wire(const ContainerFilter& from, wire::ContainerFilter& to);
void to_wire(const RegistryAuth& from, wire::AuthConfig& to);

Sandbox from_wire(const wire::Sandbox& from);
SandboxStatus from_wire(const wire::SandboxStatus& from);
Container from_wire(const wire::Container& from);
ContainerStatus from_wire(const wire::ContainerStatus& from);
ContainerStats from_wire(const wire::ContainerStats& from);
Image from_wire(const wire::Image& from);
// nullopt for what the kubelet does not need to know.
std::optional<Event> from_wire(const wire::Envelope& from);

}  // namespace plumb::cri
