(* The finalizer of all finalizable objects, and that of a block of external
   memory's owner, which runs when the owner is dead for good; no other OCaml code
   is needed. *)
external died : Obj.t -> unit = "ml_died" [@@noalloc]
external disowned : Obj.t -> unit = "ml_disowned" [@@noalloc]
let () =
  Callback.register "died" (fun o -> died o);
  Callback.register "disown" (fun block () -> disowned block)
