// One process has one module, and one provider of services in it.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
